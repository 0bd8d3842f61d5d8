// SPDX-License-Identifier: Apache-2.0
#include "common/auth/authenticate.h"

#include "common/auth/issuer.h"
#include "common/auth/test_files.h"
#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::auth {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

class AuthenticateTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string path = NewTestDirectory() + "/jwks.json";
    Replace(path, issuer_.Jwks());
    auto keys = KeySetSource::Open(path);
    ASSERT_TRUE(keys.ok()) << keys.status();
    keys_ = *std::move(keys);
    verifier_ = std::make_unique<TokenVerifier>(*keys_, kDevelopmentIssuer, kDevelopmentAudience);
  }

  std::string User(const std::string& name, bool is_operator = false) const {
    return issuer_.Mint({.subject = name,
                         .is_operator = is_operator,
                         .issue_time = kNow,
                         .expire_time = kNow + absl::Hours(1)});
  }
  std::string Service(const std::string& name, bool is_operator = false) const {
    return issuer_.Mint({.subject = name,
                         .service = name,
                         .is_operator = is_operator,
                         .issue_time = kNow,
                         .expire_time = kNow + absl::Hours(1)});
  }
  absl::StatusOr<Caller> Call(std::optional<std::string> own, std::optional<std::string> forwarded = {},
                              absl::Time now = kNow) {
    const auto bearer = [](std::optional<std::string> token) {
      if (token.has_value()) token = "Bearer " + *token;
      return token;
    };
    return Authenticate(*verifier_, bearer(own), bearer(forwarded), now);
  }
  void ExpectRefused(const absl::StatusOr<Caller>& caller, Reason reason, const std::string& header = "") {
    const auto details = DetailsOf(caller.status());
    ASSERT_TRUE(details.has_value());
    EXPECT_EQ(ReasonName(details->reason), ReasonName(reason));
    if (!header.empty()) {
      EXPECT_EQ(details->metadata.at("header"), header);
    }
  }

  Issuer issuer_ = Issuer::Create();
  std::unique_ptr<KeySetSource> keys_;
  std::unique_ptr<TokenVerifier> verifier_;
};

TEST_F(AuthenticateTest, AUserCallsAsItself) {
  const std::string token = User("alice");
  const auto caller = Call(token);
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_EQ(caller->user->user, UserIdOf(kDevelopmentIssuer, "alice"));
  EXPECT_EQ(caller->user_token, token);
  EXPECT_EQ(caller->service, "");
  EXPECT_FALSE(caller->is_operator);
}

TEST_F(AuthenticateTest, AServiceCallsAsItselfOrForTheUserWhoseTokenItForwards) {
  const auto itself = Call(Service("invite"));
  ASSERT_TRUE(itself.ok()) << itself.status();
  EXPECT_EQ(itself->service, "invite");
  EXPECT_FALSE(itself->user.has_value());
  EXPECT_EQ(itself->user_token, "");
  const std::string token = User("alice");
  const auto acting = Call(Service("invite"), token);
  ASSERT_TRUE(acting.ok()) << acting.status();
  EXPECT_EQ(acting->service, "invite");
  EXPECT_EQ(acting->user->subject, "alice");
  EXPECT_EQ(acting->user_token, token);
}

TEST_F(AuthenticateTest, AnOperatorIsTheUserOrTheServiceActingForNobody) {
  EXPECT_TRUE(Call(User("olga", true))->is_operator);
  EXPECT_TRUE(Call(Service("invite", true))->is_operator);
  EXPECT_TRUE(Call(Service("invite"), User("olga", true))->is_operator);
  EXPECT_FALSE(Call(Service("invite", true), User("alice"))->is_operator);
}

TEST_F(AuthenticateTest, OnlyAServiceForwardsAndOnlyUsers) {
  ExpectRefused(Call(User("alice"), User("bob")), Reason::kCallerNotAllowed);
  ExpectRefused(Call(User("olga", true), User("bob")), Reason::kCallerNotAllowed);
  ExpectRefused(Call(Service("invite"), Service("membership")), Reason::kCallerNotAllowed);
}

TEST_F(AuthenticateTest, WithoutItsOwnCredentialNobodyCalls) {
  ExpectRefused(Call(std::nullopt), Reason::kCredentialsMissing, "authorization");
  ExpectRefused(Call(std::nullopt, User("alice")), Reason::kCredentialsMissing, "authorization");
  ExpectRefused(Authenticate(*verifier_, "", std::nullopt, kNow), Reason::kCredentialsMissing);
}

TEST_F(AuthenticateTest, AForwardedTokenIsJudgedLikeTheCallersOwn) {
  const std::string user =
      issuer_.Mint({.subject = "alice", .issue_time = kNow, .expire_time = kNow + absl::Minutes(1)});
  const std::string service = Service("invite");
  EXPECT_TRUE(Call(service, user, kNow + absl::Minutes(1) - absl::Microseconds(1)).ok());
  ExpectRefused(Call(service, user, kNow + absl::Minutes(1)), Reason::kTokenExpired,
                "guestpass-user-authorization");
  ExpectRefused(Call(service, "x"), Reason::kTokenMalformed, "guestpass-user-authorization");
  ExpectRefused(Authenticate(*verifier_, "Bearer " + service, "", kNow), Reason::kCredentialsMissing,
                "guestpass-user-authorization");
  ExpectRefused(Call(service, user, kNow + absl::Hours(1)), Reason::kTokenExpired, "authorization");
}

TEST(BearerToken, IsTheTokenAfterTheScheme) {
  EXPECT_EQ(*BearerToken("Bearer abc"), "abc");
  EXPECT_EQ(*BearerToken("bearer  abc"), "abc");
  EXPECT_TRUE(HasReason(BearerToken("").status(), Reason::kCredentialsMissing));
  for (const char* bad : {"Bearer", "abc", "Basic YTpi", "Bearerabc"}) {
    EXPECT_TRUE(HasReason(BearerToken(bad).status(), Reason::kTokenMalformed)) << bad;
  }
}

}  // namespace
}  // namespace guestpass::auth
