// SPDX-License-Identifier: Apache-2.0
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/testing/served.h"

namespace guestpass::membership {
namespace {

// Through gRPC, with tokens: who may call what (A1, A9).
class AccessTest : public testing::Test {
 protected:
  absl::Status CreateOrganization(bool is_operator) {
    v1::CreateOrganizationRequest request;
    request.mutable_organization()->set_display_name("Theirs");
    request.set_owner(Installation::IdOf("ann").ToString());
    return served_
        .Call(*served_.membership, &v1::MembershipService::Stub::CreateOrganization,
              served_.ServiceToken("provisioning", is_operator), request)
        .status();
  }
  absl::Status Heads(const std::string& token) {
    return served_
        .Call(*served_.rights, &rights::v1::RightsService::Stub::GetRightsHeads, token,
              rights::v1::GetRightsHeadsRequest())
        .status();
  }
  absl::Status Sweep(const std::string& token) {
    rights::v1::ApplyDueExpirationsRequest request;
    request.set_limit(1);
    return served_
        .Call(*served_.rights, &rights::v1::RightsService::Stub::ApplyDueExpirations, token, request)
        .status();
  }

  Served served_;
};

TEST_F(AccessTest, TheRightsServiceIsForServicesOnly) {
  EXPECT_TRUE(HasReason(Heads(""), Reason::kCredentialsMissing));
  EXPECT_TRUE(HasReason(Heads(served_.UserToken("owner")), Reason::kCallerNotAllowed));
  EXPECT_TRUE(Heads(served_.ServiceToken("messaging-gateway")).ok());
}

TEST_F(AccessTest, AServiceCreatesAnOrganizationForItselfOnlyAsAnOperator) {
  EXPECT_TRUE(HasReason(CreateOrganization(false), Reason::kCallerNotAllowed));
  const absl::Status created = CreateOrganization(true);
  EXPECT_TRUE(created.ok()) << created;
}

TEST_F(AccessTest, EachMethodNamesItsServices) {
  EXPECT_TRUE(HasReason(Heads(served_.ServiceToken("invite")), Reason::kCallerNotAllowed));
  EXPECT_TRUE(HasReason(Sweep(served_.ServiceToken("messaging-gateway")), Reason::kCallerNotAllowed));
  EXPECT_TRUE(Sweep(served_.ServiceToken("guest-expiry")).ok());
}

}  // namespace
}  // namespace guestpass::membership
