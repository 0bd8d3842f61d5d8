// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/server.h"
#include "common/rpc/wire_status.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/testing/installation.h"

namespace guestpass::membership {
namespace {

// Through gRPC, with tokens: who may call what (A1, A9).
class AccessTest : public testing::Test {
 protected:
  AccessTest()
      : server_(*rpc::Server::Start({.listen = "127.0.0.1:0", .drain = absl::Seconds(1)},
                                    {&here_.membership, &here_.rights}, {})),
        channel_(grpc::CreateChannel("127.0.0.1:" + std::to_string(server_->port()),
                                     grpc::InsecureChannelCredentials())) {}
  ~AccessTest() override {
    server_->Drain([] {});
  }

  std::string Token(const std::string& subject, const std::string& service, bool is_operator = false) {
    const absl::Time now = SystemClock().Now();
    return here_.issuer.Mint({.subject = subject,
                              .service = service,
                              .is_operator = is_operator,
                              .issue_time = now,
                              .expire_time = now + absl::Hours(1)});
  }
  absl::Status CreateOrganization(bool is_operator) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + Token("provisioning", "provisioning", is_operator));
    v1::CreateOrganizationRequest request;
    request.mutable_organization()->set_display_name("Theirs");
    request.set_owner(Installation::IdOf("ann").ToString());
    v1::Organization response;
    return rpc::FromGrpc(
        v1::MembershipService::NewStub(channel_)->CreateOrganization(&context, request, &response));
  }
  absl::Status Heads(const std::string& token) {
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    rights::v1::GetRightsHeadsResponse response;
    return rpc::FromGrpc(
        rights::v1::RightsService::NewStub(channel_)->GetRightsHeads(&context, {}, &response));
  }
  absl::Status Sweep(const std::string& token) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + token);
    rights::v1::ApplyDueExpirationsRequest request;
    request.set_limit(1);
    rights::v1::ApplyDueExpirationsResponse response;
    return rpc::FromGrpc(
        rights::v1::RightsService::NewStub(channel_)->ApplyDueExpirations(&context, request, &response));
  }

  Installation here_;
  const std::unique_ptr<rpc::Server> server_;
  const std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(AccessTest, TheRightsServiceIsForServicesOnly) {
  EXPECT_TRUE(HasReason(Heads(""), Reason::kCredentialsMissing));
  EXPECT_TRUE(HasReason(Heads(Token("owner", "")), Reason::kCallerNotAllowed));
  EXPECT_TRUE(Heads(Token("gateway", "messaging-gateway")).ok());
}

TEST_F(AccessTest, AServiceCreatesAnOrganizationForItselfOnlyAsAnOperator) {
  EXPECT_TRUE(HasReason(CreateOrganization(false), Reason::kCallerNotAllowed));
  const absl::Status created = CreateOrganization(true);
  EXPECT_TRUE(created.ok()) << created;
}

TEST_F(AccessTest, EachMethodNamesItsServices) {
  EXPECT_TRUE(HasReason(Heads(Token("invite", "invite")), Reason::kCallerNotAllowed));
  EXPECT_TRUE(HasReason(Sweep(Token("gateway", "messaging-gateway")), Reason::kCallerNotAllowed));
  EXPECT_TRUE(Sweep(Token("guest-expiry", "guest-expiry")).ok());
}

}  // namespace
}  // namespace guestpass::membership
