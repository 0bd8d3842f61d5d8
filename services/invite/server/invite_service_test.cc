// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/invite_service.h"

#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/auth/issuer.h"
#include "common/auth/key_set.h"
#include "common/auth/seal.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/rpc/wire_status.h"
#include "grpcpp/generic/generic_stub.h"
#include "services/invite/server/rules.h"
#include "services/invite/server/service_fixture.h"
#include "services/invite/worker/mail_queue.h"

namespace guestpass::invite {
namespace {

// The service as callers meet it: by gRPC, with tokens.
class InviteServiceTest : public ServiceTest {
 protected:
  void SetUp() override {
    const std::string path = testing::TempDir() + "jwks.json";
    std::ofstream(path) << issuer_.Jwks();
    keys_ = *auth::KeySetSource::Open(path);
    verifier_ =
        std::make_unique<auth::TokenVerifier>(*keys_, auth::kDevelopmentIssuer, auth::kDevelopmentAudience);
    runner_ = std::make_unique<rpc::Runner>(executor_, *verifier_, SystemClock());
    service_ = std::make_unique<InviteService>(
        *runner_, InviteServiceParts{store_, upkeep_, membership_, no_mail_, outbox_, settler_},
        *auth::Sealer::Parse("k:" + std::string(64, 'a')),
        InviteServiceOptions{.creation = options_, .redeems_per_minute = 3, .previews_per_minute = 2});
    server_ = *rpc::Server::Start({.listen = "127.0.0.1:0"}, {service_.get()}, {});
    channel_ = rpc::Dial(absl::StrCat("127.0.0.1:", server_->port()));
    stub_ = v1::InviteService::NewStub(channel_);
  }

  std::string Token(const std::string& subject, const std::string& service = "",
                    bool is_operator = false) const {
    return issuer_.Mint({.subject = subject,
                         .email = service.empty() ? subject + "@example.com" : "",
                         .email_verified = service.empty(),
                         .service = service,
                         .is_operator = is_operator,
                         .issue_time = absl::Now() - absl::Seconds(10),
                         .expire_time = absl::Now() + absl::Hours(1)});
  }

  static void Authorize(grpc::ClientContext& context, const std::string& token,
                        const std::string& forwarded = "") {
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    if (!forwarded.empty()) context.AddMetadata("guestpass-user-authorization", "Bearer " + forwarded);
  }

  template <typename Request, typename Response>
  using Method = grpc::Status (v1::InviteService::Stub::*)(grpc::ClientContext*, const Request&, Response*);

  // What calling a method with that secret comes to.
  template <typename Request, typename Response>
  std::string ReasonFor(Method<Request, Response> method, const std::string& secret, const std::string& token,
                        const std::string& forwarded = "") {
    grpc::ClientContext context;
    Authorize(context, token, forwarded);
    Request request;
    request.set_secret(secret);
    Response response;
    return ReasonOf(rpc::FromGrpc((stub_.get()->*method)(&context, request, &response)));
  }

  std::string RedeemReason(const std::string& secret, const std::string& token,
                           const std::string& forwarded = "") {
    return ReasonFor(&v1::InviteService::Stub::RedeemInvite, secret, token, forwarded);
  }
  std::string PreviewReason(const std::string& secret, const std::string& token) {
    return ReasonFor(&v1::InviteService::Stub::PreviewInvite, secret, token);
  }
  std::string DeclineReason(const std::string& secret, const std::string& token) {
    return ReasonFor(&v1::InviteService::Stub::DeclineInvite, secret, token);
  }

  // What calling that method comes to, with a request that names a workspace or an invite and nothing else.
  std::string ReasonFor(const std::string& method, const std::string& token) {
    const auto& service = *v1::Invite::descriptor()->file()->service(0);
    const auto* type = service.FindMethodByName(method)->input_type();
    const std::unique_ptr<google::protobuf::Message> request(
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(type)->New());
    for (const auto& [field, name] : {std::pair<std::string, std::string>{"parent", ToName(workspace_)},
                                      {"name", InviteName{workspace_, auth::NewId<InviteId>()}.ToString()}}) {
      if (const auto* named = type->FindFieldByName(field)) {
        request->GetReflection()->SetString(request.get(), named, name);
      }
    }
    grpc::ClientContext context;
    Authorize(context, token);
    const grpc::Slice slice(request->SerializeAsString());
    const grpc::ByteBuffer sent(&slice, 1);
    grpc::ByteBuffer got;
    grpc::Status status;
    absl::Notification answered;
    grpc::GenericStub(channel_).UnaryCall(&context, absl::StrCat("/", service.full_name(), "/", method), {},
                                          &sent, &got, [&](grpc::Status answer) {
                                            status = std::move(answer);
                                            answered.Notify();
                                          });
    answered.WaitForNotification();
    return ReasonOf(rpc::FromGrpc(status));
  }

  const auth::Issuer issuer_ = auth::Issuer::Create();
  rpc::Executor executor_{8, 64};
  std::unique_ptr<auth::KeySetSource> keys_;
  std::unique_ptr<auth::TokenVerifier> verifier_;
  std::unique_ptr<rpc::Runner> runner_;
  MailQueue outbox_{store_, no_mail_, {}};
  std::unique_ptr<InviteService> service_;
  std::unique_ptr<rpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::InviteService::Stub> stub_;
};

// Nobody has ADMIN authority here.
TEST_F(InviteServiceTest, EachMethodLetsInWhomItsRuleNames) {
  membership_.check = Error(Reason::kRoleTooLow, "no");
  for (const Rule& rule : Rules()) {
    const std::string user = ReasonFor(rule.method, Token("ann"));
    const std::string operator_user = ReasonFor(rule.method, Token("olga", "", true));
    const std::string operator_service = ReasonFor(rule.method, Token("tools", "tools", true));
    EXPECT_EQ(ReasonFor(rule.method, Token("edge", "edge")), "CALLER_NOT_ALLOWED") << rule.method;
    const bool inviting = rule.need == Need::kInviter || rule.need == Need::kAdmin;
    EXPECT_EQ(user, inviting                       ? "ROLE_TOO_LOW"
                    : rule.need == Need::kOperator ? "CALLER_NOT_ALLOWED"
                                                   : "INVITE_NOT_FOUND")
        << rule.method;
    if (rule.access.operators) {
      EXPECT_NE(user, operator_user) << rule.method;
      EXPECT_EQ(operator_user, operator_service) << rule.method;
      EXPECT_NE(operator_user, "CALLER_NOT_ALLOWED") << rule.method;
    } else {
      EXPECT_EQ(user, operator_user) << rule.method;
      EXPECT_EQ(operator_service, "CALLER_NOT_ALLOWED") << rule.method;
    }
  }
}

TEST_F(InviteServiceTest, AUserCreatesAndTheInvitedRedeems) {
  grpc::ClientContext context;
  Authorize(context, Token("admin"));
  v1::CreateInviteResponse created;
  const grpc::Status status = stub_->CreateInvite(&context, GuestRequest(), &created);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(created.invite().inviter(), auth::UserIdOf(auth::kDevelopmentIssuer, "admin").text());
  EXPECT_EQ(RedeemReason(created.secret(), Token("bob")), "INVITE_EMAIL_MISMATCH");
  EXPECT_EQ(RedeemReason(created.secret(), Token("ann")), "OK");
}

TEST_F(InviteServiceTest, RedeemingNeedsTheUsersOwnTokenDirectOrForwarded) {
  const std::string secret = Invited();
  EXPECT_EQ(RedeemReason(secret, ""), "CREDENTIALS_MISSING");
  EXPECT_EQ(RedeemReason(secret, Token("edge", "edge")), "CALLER_NOT_ALLOWED");
  EXPECT_EQ(RedeemReason(secret, Token("stranger", "stranger"), Token("ann")), "CALLER_NOT_ALLOWED");
  EXPECT_EQ(RedeemReason(secret, Token("edge", "edge"), Token("ann")), "OK");
}

TEST_F(InviteServiceTest, RedeemingIsLimitedByUserBeforeAnythingIsToldOfTheSecret) {
  const std::string secret = Invited();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(RedeemReason("no such secret", Token("ann")), "INVITE_NOT_FOUND");
  EXPECT_EQ(RedeemReason(secret, Token("ann")), "REDEEM_RATE_LIMITED");
  EXPECT_EQ(RedeemReason(secret, Token("bob")), "INVITE_EMAIL_MISMATCH");
}

TEST_F(InviteServiceTest, DecliningCountsAsRedeemingDoes) {
  const std::string secret = Invited();
  EXPECT_EQ(DeclineReason("no such secret", Token("ann")), "INVITE_NOT_FOUND");
  EXPECT_EQ(RedeemReason("no such secret", Token("ann")), "INVITE_NOT_FOUND");
  EXPECT_EQ(DeclineReason("no such secret", Token("ann")), "INVITE_NOT_FOUND");
  EXPECT_EQ(DeclineReason(secret, Token("ann")), "REDEEM_RATE_LIMITED");
  EXPECT_EQ(RedeemReason(secret, Token("ann")), "REDEEM_RATE_LIMITED");
  EXPECT_EQ(DeclineReason(secret, Token("bob")), "INVITE_EMAIL_MISMATCH");
}

TEST_F(InviteServiceTest, LookingIsLimitedByUserAndByItself) {
  const std::string secret = Invited();
  EXPECT_EQ(PreviewReason("no such secret", Token("ann")), "INVITE_NOT_FOUND");
  EXPECT_EQ(PreviewReason(secret, Token("ann")), "OK");
  EXPECT_EQ(PreviewReason(secret, Token("ann")), "PREVIEW_RATE_LIMITED");
  EXPECT_EQ(PreviewReason("no such secret", Token("ann")), "PREVIEW_RATE_LIMITED");
  EXPECT_EQ(PreviewReason(secret, Token("bob")), "OK");
  EXPECT_EQ(RedeemReason(secret, Token("ann")), "OK") << "redeeming has a limit of its own";
}

TEST_F(InviteServiceTest, WhatIsLimitedSaysWhenToTryAgain) {
  for (int i = 0; i < 2; ++i) PreviewReason("no such secret", Token("ann"));
  grpc::ClientContext context;
  Authorize(context, Token("ann"));
  v1::PreviewInviteRequest request;
  v1::PreviewInviteResponse response;
  const absl::Status status = rpc::FromGrpc(stub_->PreviewInvite(&context, request, &response));
  EXPECT_GT(DetailsOf(status)->retry_after, absl::ZeroDuration());
  EXPECT_LE(DetailsOf(status)->retry_after, absl::Minutes(1));
}

TEST_F(InviteServiceTest, EveryBadFieldReachesTheCaller) {
  grpc::ClientContext context;
  Authorize(context, Token("admin"));
  v1::CreateInviteRequest request;
  request.set_parent(ToName(workspace_));
  v1::CreateInviteResponse response;
  const absl::Status status = rpc::FromGrpc(stub_->CreateInvite(&context, request, &response));
  EXPECT_EQ(FieldsOf(status), "invite.email invite.role ");
}

}  // namespace
}  // namespace guestpass::invite
