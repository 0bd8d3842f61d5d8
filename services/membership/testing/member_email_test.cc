// SPDX-License-Identifier: Apache-2.0
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/testing/installation.h"

namespace guestpass::membership {
namespace {

class MemberEmailTest : public testing::Test {
 protected:
  auto Set(const rpc::Call& call) {
    rights::v1::SetMemberEmailRequest request;
    request.set_workspace(here_.workspace.ToString());
    return here_.rights.SetMemberEmail(call, request);
  }
  rpc::Call WithAddress(const std::string& name, const std::string& address, bool verified = true) {
    rpc::Call call = Installation::AsService("messaging-gateway", name);
    call.caller.user->email = address;
    call.caller.user->email_verified = verified;
    return call;
  }
  absl::Status Invite(const std::string& address) {
    rights::v1::CheckInviteRequest request;
    request.set_workspace(here_.workspace.ToString());
    request.set_role(type::v1::ROLE_MEMBER);
    request.set_address(address);
    return here_.rights.CheckInvite(Installation::AsService("invite", "owner"), request).status();
  }

  Installation here_;
};

void ExpectReason(const absl::Status& status, Reason reason) {
  EXPECT_TRUE(HasReason(status, reason)) << status;
}

TEST_F(MemberEmailTest, ANewVerifiedAddressIsKeptAndFoundAndItsAuditEntryDoesNotSayIt) {
  here_.AddMember("ann", type::v1::ROLE_MEMBER);
  ExpectReason(Invite("ann@example.com"), Reason::kMemberExists);
  const size_t commits = here_.recorder.commits().size();
  EXPECT_TRUE(Set(WithAddress("ann", "New@Example.com"))->changed());
  EXPECT_FALSE(Set(WithAddress("ann", "new@example.com"))->changed());
  ExpectReason(Invite("new@example.com"), Reason::kMemberExists);
  EXPECT_TRUE(Invite("ann@example.com").ok());
  EXPECT_EQ(here_.recorder.commits().size(), commits) << "no decision reads it";
  EXPECT_EQ(here_.Count("SELECT count(*) FROM audit_entries WHERE action = 'member.address_set'"), 1);
  EXPECT_EQ(here_.Count("SELECT count(*) FROM audit_entries a WHERE a::text LIKE '%@%'"), 0);
}

TEST_F(MemberEmailTest, OnlyADirectMembersOwnVerifiedAddressIsKept) {
  here_.AddMember("ann", type::v1::ROLE_MEMBER);
  ExpectReason(Set(WithAddress("ann", "new@example.com", /*verified=*/false)).status(),
               Reason::kEmailNotVerified);
  ExpectReason(Set(WithAddress("ann", "no address")).status(), Reason::kEmailNotVerified);
  ExpectReason(Set(WithAddress("stranger", "new@example.com")).status(), Reason::kRoleTooLow);
  ExpectReason(Set(WithAddress("orgadmin", "new@example.com")).status(), Reason::kMemberNotFound);
  ExpectReason(Set(Installation::AsService("messaging-gateway")).status(), Reason::kCallerNotAllowed);
  EXPECT_TRUE(Invite("new@example.com").ok());
}

}  // namespace
}  // namespace guestpass::membership
