// SPDX-License-Identifier: Apache-2.0
#include "services/guest_expiry/server/guest_expiry_service.h"

#include <fstream>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/auth/issuer.h"
#include "common/auth/random.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/server.h"
#include "common/rpc/wire_status.h"
#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::guest_expiry {
namespace {

namespace v1 = guestexpiry::v1;
using rights::Role;

const absl::Time kExpire = absl::FromUnixMicros(1'800'000'000'123'456);
const absl::Time kEnd = kExpire + absl::Hours(24);
const WorkspaceId kWorkspace = *WorkspaceId::Parse(std::string(26, 'w'));

UserId User(const std::string& subject) { return auth::UserIdOf(auth::kDevelopmentIssuer, subject); }

// Membership's answers, as the test sets them; notes what was asked.
class FakeGuestTimes : public GuestTimes {
 public:
  absl::StatusOr<TimesSnapshot> Read(const rpc::Call&, const UserId& caller,
                                     const MemberName& guest) override {
    caller_read = caller;
    guest_read = guest;
    return snapshot;
  }

  absl::StatusOr<Expiration> Set(const rpc::Call& call, const MemberName& guest,
                                 const TimesChange& change) override {
    set_for = call.caller.user_token;
    guest_set = guest;
    change_set = change;
    return answer;
  }

  absl::StatusOr<TimesSnapshot> snapshot;
  absl::StatusOr<Expiration> answer;
  UserId caller_read;
  MemberName guest_read;
  std::string set_for;
  MemberName guest_set;
  TimesChange change_set;
};

class GuestExpiryServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string path = testing::TempDir() + "/jwks.json";
    std::ofstream(path) << issuer_.Jwks();
    keys_ = *auth::KeySetSource::Open(path);
    verifier_ =
        std::make_unique<auth::TokenVerifier>(*keys_, auth::kDevelopmentIssuer, auth::kDevelopmentAudience);
    runner_ = std::make_unique<rpc::Runner>(executor_, *verifier_, SystemClock());
    service_ = std::make_unique<GuestExpiryService>(*runner_, times_);
    auto server = rpc::Server::Start({.listen = "127.0.0.1:0"}, {service_.get()}, {});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    stub_ = v1::GuestExpiryService::NewStub(
        grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->port()), grpc::InsecureChannelCredentials()));
    times_.snapshot = TimesSnapshot{.database_time = kExpire - absl::Microseconds(1),
                                    .caller = {.role = Role::kAdmin},
                                    .guest = {.workspace = kWorkspace,
                                              .user = User("gina"),
                                              .role = Role::kGuest,
                                              .expire_time = kExpire,
                                              .access_end_time = kEnd}};
  }

  std::string Token(const std::string& subject, bool is_operator = false, const std::string& service = "") {
    return issuer_.Mint({.subject = subject,
                         .service = service,
                         .is_operator = is_operator,
                         .issue_time = SystemClock().Now(),
                         .expire_time = SystemClock().Now() + absl::Hours(1)});
  }

  static std::string NameOf(const std::string& subject) {
    return absl::StrCat(MemberName{kWorkspace, User(subject)}.ToString(), "/expiration");
  }

  absl::StatusOr<v1::Expiration> Get(const std::string& token, const std::string& name) {
    v1::GetExpirationRequest request;
    request.set_name(name);
    v1::Expiration response;
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    const grpc::Status status = stub_->GetExpiration(&context, request, &response);
    if (!status.ok()) return rpc::FromGrpc(status);
    return response;
  }

  absl::StatusOr<v1::Expiration> Extend(v1::ExtendExpirationRequest request) {
    if (request.name().empty()) request.set_name(NameOf("gina"));
    v1::Expiration response;
    grpc::ClientContext context;
    context.AddMetadata("authorization", "Bearer " + token_);
    const grpc::Status status = stub_->ExtendExpiration(&context, request, &response);
    if (!status.ok()) return rpc::FromGrpc(status);
    return response;
  }

  FakeGuestTimes times_;
  auth::Issuer issuer_ = auth::Issuer::Create();
  std::string token_ = Token("anna");
  std::unique_ptr<auth::KeySetSource> keys_;
  std::unique_ptr<auth::TokenVerifier> verifier_;
  rpc::Executor executor_{2, 16};
  std::unique_ptr<rpc::Runner> runner_;
  std::unique_ptr<GuestExpiryService> service_;
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<v1::GuestExpiryService::Stub> stub_;
};

TEST_F(GuestExpiryServiceTest, AnAdminReadsAGuestsTimes) {
  const auto got = Get(token_, NameOf("gina"));
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->name(), NameOf("gina"));
  EXPECT_EQ(*rpc::FromProto("", got->expire_time()), kExpire);
  EXPECT_EQ(*rpc::FromProto("", got->access_end_time()), kEnd);
  EXPECT_EQ(got->state(), type::v1::GUEST_STATE_ACTIVE);
  EXPECT_FALSE(got->has_record_time());
  EXPECT_EQ(times_.caller_read, User("anna"));
  EXPECT_EQ(times_.guest_read, (MemberName{kWorkspace, User("gina")}));
}

TEST_F(GuestExpiryServiceTest, TheStateIsByTheSnapshotsDatabaseTime) {
  times_.snapshot->database_time = kExpire;
  EXPECT_EQ(Get(token_, NameOf("gina"))->state(), type::v1::GUEST_STATE_SOFT_LOCKED);
  times_.snapshot->database_time = kEnd;
  EXPECT_EQ(Get(token_, NameOf("gina"))->state(), type::v1::GUEST_STATE_ENDED);
}

TEST_F(GuestExpiryServiceTest, AGuestWithoutEndHasNoTimes) {
  times_.snapshot->guest.expire_time = absl::InfiniteFuture();
  times_.snapshot->guest.access_end_time = absl::InfiniteFuture();
  const auto got = Get(token_, NameOf("gina"));
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_FALSE(got->has_expire_time());
  EXPECT_FALSE(got->has_access_end_time());
  EXPECT_EQ(got->state(), type::v1::GUEST_STATE_ACTIVE);
}

TEST_F(GuestExpiryServiceTest, TheGuestItselfReadsItsTimesUntilItsAccessEnds) {
  times_.snapshot->caller = {.role = Role::kGuest, .expire_time = kExpire, .access_end_time = kEnd};
  times_.snapshot->database_time = kExpire;
  EXPECT_TRUE(Get(Token("gina"), NameOf("gina")).ok());
  EXPECT_TRUE(HasReason(Get(Token("gus"), NameOf("gina")).status(), Reason::kRoleTooLow));
  times_.snapshot->database_time = kEnd;
  EXPECT_TRUE(HasReason(Get(Token("gina"), NameOf("gina")).status(), Reason::kGuestEnded));
}

TEST_F(GuestExpiryServiceTest, AnOperatorReadsAndAStrangerIsRefusedBeforeItLearnsAnything) {
  times_.snapshot->caller = {};
  EXPECT_TRUE(Get(Token("oli", /*is_operator=*/true), NameOf("gina")).ok());
  for (const bool exists : {true, false}) {
    if (!exists) times_.snapshot->guest.role.reset();
    const absl::Status refused = Get(Token("sam"), NameOf("gina")).status();
    ASSERT_TRUE(HasReason(refused, Reason::kRoleTooLow)) << refused;
    EXPECT_EQ(DetailsOf(refused)->metadata, (Metadata{{"role", "NONE"}}));
  }
}

TEST_F(GuestExpiryServiceTest, NobodyAndNoGuestAreToldApart) {
  const Metadata metadata{{"member", MemberName{kWorkspace, User("gina")}.ToString()}};
  times_.snapshot->guest.role = Role::kMember;
  const absl::Status member = Get(token_, NameOf("gina")).status();
  ASSERT_TRUE(HasReason(member, Reason::kNotAGuest)) << member;
  EXPECT_EQ(DetailsOf(member)->metadata, metadata);
  times_.snapshot->guest.role.reset();
  const absl::Status absent = Get(token_, NameOf("gina")).status();
  ASSERT_TRUE(HasReason(absent, Reason::kMemberNotFound)) << absent;
  EXPECT_EQ(DetailsOf(absent)->metadata, metadata);
}

TEST_F(GuestExpiryServiceTest, AMalformedNameIsRefusedBeforeMembershipIsAsked) {
  for (const std::string& name : {std::string(), std::string("workspaces/x/members/y/expiration"),
                                  MemberName{kWorkspace, User("gina")}.ToString(), NameOf("gina") + "/"}) {
    const absl::Status got = Get(token_, name).status();
    ASSERT_TRUE(HasReason(got, Reason::kFieldInvalid)) << name << got;
    EXPECT_EQ(DetailsOf(got)->violations.at(0).field, "name");
    v1::ExtendExpirationRequest request;
    request.set_name(name.empty() ? "x" : name);
    EXPECT_TRUE(HasReason(Extend(request).status(), Reason::kFieldInvalid)) << name;
  }
  EXPECT_TRUE(times_.caller_read.empty());
  EXPECT_TRUE(times_.set_for.empty());
}

TEST_F(GuestExpiryServiceTest, OnlyUsersAndWhoActsForThemMayCall) {
  EXPECT_TRUE(HasReason(Get("", NameOf("gina")).status(), Reason::kCredentialsMissing));
  EXPECT_TRUE(HasReason(Get("x.y", NameOf("gina")).status(), Reason::kTokenMalformed));
  EXPECT_TRUE(
      HasReason(Get(Token("invite", false, "invite"), NameOf("gina")).status(), Reason::kCallerNotAllowed));
}

TEST_F(GuestExpiryServiceTest, AnExtensionGoesToMembershipForTheUserAndItsAnswerComesBack) {
  const absl::Time record = kExpire - absl::Hours(1);
  times_.answer = Expiration{.guest = {kWorkspace, User("gina")},
                             .expire_time = kExpire,
                             .access_end_time = kEnd,
                             .record_time = record};
  v1::ExtendExpirationRequest request;
  *request.mutable_expire_time() = rpc::ToProto(kExpire);
  const auto extended = Extend(request);
  ASSERT_TRUE(extended.ok()) << extended.status();
  EXPECT_EQ(extended->name(), NameOf("gina"));
  EXPECT_EQ(*rpc::FromProto("", extended->expire_time()), kExpire);
  EXPECT_EQ(*rpc::FromProto("", extended->access_end_time()), kEnd);
  EXPECT_EQ(*rpc::FromProto("", extended->record_time()), record);
  EXPECT_EQ(extended->state(), type::v1::GUEST_STATE_ACTIVE);
  EXPECT_EQ(times_.set_for, token_);
  EXPECT_EQ(times_.guest_set, (MemberName{kWorkspace, User("gina")}));
  EXPECT_EQ(std::get<google::protobuf::Timestamp>(times_.change_set).seconds(), 1'800'000'000);
}

TEST_F(GuestExpiryServiceTest, WhateverIsAskedForIsMembershipsToJudge) {
  times_.answer = FieldInvalid("change", "is required");
  v1::ExtendExpirationRequest request;
  const absl::Status unset = Extend(request).status();
  ASSERT_TRUE(HasReason(unset, Reason::kFieldInvalid)) << unset;
  EXPECT_EQ(DetailsOf(unset)->violations.at(0).field, "change");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(times_.change_set));
  request.mutable_ttl()->set_seconds(-1);
  EXPECT_FALSE(Extend(request).ok());
  EXPECT_EQ(std::get<google::protobuf::Duration>(times_.change_set).seconds(), -1);
  request.set_clear(false);
  EXPECT_FALSE(Extend(request).ok());
  EXPECT_FALSE(std::get<bool>(times_.change_set));
}

TEST_F(GuestExpiryServiceTest, MembershipsRefusalsComeThroughAsTheyWere) {
  const absl::Status unavailable = Error(
      Reason::kServiceUnavailable, "The service membership does not answer.", {{"service", "membership"}});
  const absl::Status ended = Error(Reason::kGuestEnded, "Over.", {{"access_end_time", Rfc3339(kEnd)}});
  for (const absl::Status& refusal : {unavailable, ended}) {
    times_.snapshot = refusal;
    times_.answer = refusal;
    EXPECT_EQ(Get(token_, NameOf("gina")).status(), refusal);
    EXPECT_EQ(Extend({}).status(), refusal);
  }
}

}  // namespace
}  // namespace guestpass::guest_expiry
