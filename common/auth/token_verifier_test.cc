// SPDX-License-Identifier: Apache-2.0
#include "common/auth/token_verifier.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/auth/issuer.h"
#include "common/auth/random.h"
#include "common/auth/test_files.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace guestpass::auth {
namespace {

using Json = nlohmann::json;

constexpr absl::Duration kTick = absl::Microseconds(1);
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
const absl::Time kExpire = kNow + absl::Hours(1);

Json Claims() {
  return {{"iss", kDevelopmentIssuer},
          {"aud", kDevelopmentAudience},
          {"sub", "alice"},
          {"exp", absl::ToUnixSeconds(kExpire)}};
}

Json With(Json json, const char* name, const Json& value) {
  json[name] = value;
  return json;
}

Json Without(Json json, const char* name) {
  json.erase(name);
  return json;
}

class TokenVerifierTest : public testing::Test {
 protected:
  TokenVerifierTest() : path_(NewTestDirectory() + "/jwks.json") { Replace(path_, issuer_.Jwks()); }

  void SetUp() override {
    auto keys = KeySetSource::Open(path_);
    ASSERT_TRUE(keys.ok()) << keys.status();
    keys_ = *std::move(keys);
    verifier_ = std::make_unique<TokenVerifier>(*keys_, kDevelopmentIssuer, kDevelopmentAudience);
  }

  Json Header() const { return {{"typ", "JWT"}, {"kid", issuer_.kid()}}; }
  std::string Token(const Json& claims) const { return issuer_.SignAsIs(Header().dump(), claims.dump()); }
  std::string TokenUnder(const Json& header) const {
    return issuer_.SignAsIs(header.dump(), Claims().dump());
  }
  static std::string Unsigned(const Json& header, const Json& claims) {
    return absl::StrCat(absl::WebSafeBase64Escape(header.dump()), ".",
                        absl::WebSafeBase64Escape(claims.dump()));
  }

  void ExpectRefused(absl::string_view token, Reason reason, absl::Time now = kNow) {
    const auto identity = verifier_->Verify(token, now);
    const auto details = DetailsOf(identity.status());
    ASSERT_TRUE(details.has_value()) << token;
    EXPECT_EQ(ReasonName(details->reason), ReasonName(reason)) << identity.status().message() << "\n"
                                                               << token;
  }

  Issuer issuer_ = Issuer::Create();
  const std::string path_;
  std::unique_ptr<KeySetSource> keys_;
  std::unique_ptr<TokenVerifier> verifier_;
};

TEST_F(TokenVerifierTest, AUsersTokenSaysWhoTheUserIs) {
  const auto user = verifier_->Verify(issuer_.Mint({.subject = "alice",
                                                    .email = "alice@example.com",
                                                    .email_verified = true,
                                                    .issue_time = kNow,
                                                    .expire_time = kExpire}),
                                      kNow);
  ASSERT_TRUE(user.ok()) << user.status();
  EXPECT_FALSE(user->is_service);
  EXPECT_FALSE(user->is_operator);
  EXPECT_EQ(user->user, UserIdOf(kDevelopmentIssuer, "alice"));
  EXPECT_EQ(user->issuer, kDevelopmentIssuer);
  EXPECT_EQ(user->subject, "alice");
  EXPECT_EQ(user->email, "alice@example.com");
  EXPECT_TRUE(user->email_verified);
  EXPECT_EQ(user->expire_time, kExpire);
}

TEST_F(TokenVerifierTest, AServicesTokenSaysWhichAndIsNoUser) {
  const auto service =
      verifier_->Verify(Token(With(With(Claims(), "gp_service", "invite"), "gp_operator", true)), kNow);
  ASSERT_TRUE(service.ok()) << service.status();
  EXPECT_TRUE(service->is_service);
  EXPECT_EQ(service->service, "invite");
  EXPECT_TRUE(service->is_operator);
  EXPECT_TRUE(service->user.empty());
}

TEST_F(TokenVerifierTest, AnAddressIsVerifiedOnlyWhereTheTokenSaysSo) {
  EXPECT_FALSE(verifier_->Verify(Token(With(Claims(), "email", "a@b.test")), kNow)->email_verified);
  EXPECT_FALSE(verifier_->Verify(Token(With(Claims(), "email_verified", true)), kNow)->email_verified);
  ExpectRefused(Token(With(With(Claims(), "email", "a@b.test"), "email_verified", "true")),
                Reason::kTokenMalformed);
}

TEST_F(TokenVerifierTest, ATokenHoldsUntilExpAndNotAtIt) {
  const std::string token = Token(Claims());
  EXPECT_TRUE(verifier_->Verify(token, kExpire - kTick).ok());
  ExpectRefused(token, Reason::kTokenExpired, kExpire);
  const std::string unseen = Token(With(Claims(), "sub", "bob"));
  ExpectRefused(unseen, Reason::kTokenExpired, kExpire);
  EXPECT_TRUE(verifier_->Verify(unseen, kExpire - kTick).ok());
  const std::string fraction = Token(With(Claims(), "exp", absl::ToUnixSeconds(kExpire) + 0.5));
  EXPECT_TRUE(verifier_->Verify(fraction, kExpire + absl::Milliseconds(500) - kTick).ok());
  ExpectRefused(fraction, Reason::kTokenExpired, kExpire + absl::Milliseconds(500));
}

TEST_F(TokenVerifierTest, ATokenDoesNotHoldBeforeNbf) {
  const std::string token = Token(With(Claims(), "nbf", absl::ToUnixSeconds(kNow)));
  ExpectRefused(token, Reason::kTokenExpired, kNow - kTick);
  EXPECT_TRUE(verifier_->Verify(token, kNow).ok());
  ExpectRefused(Token(With(Claims(), "nbf", "now")), Reason::kTokenMalformed);
}

TEST_F(TokenVerifierTest, TheIssuerMustBeThisOne) {
  ExpectRefused(Token(With(Claims(), "iss", "https://other.test")), Reason::kTokenIssuer);
  ExpectRefused(Token(With(Claims(), "iss", absl::StrCat(kDevelopmentIssuer, "/"))), Reason::kTokenIssuer);
  ExpectRefused(Token(Without(Claims(), "iss")), Reason::kTokenIssuer);
}

TEST_F(TokenVerifierTest, TheAudienceMustBeOrHoldThisOne) {
  EXPECT_TRUE(verifier_->Verify(Token(With(Claims(), "aud", {"other", kDevelopmentAudience})), kNow).ok());
  ExpectRefused(Token(With(Claims(), "aud", "other")), Reason::kTokenAudience);
  ExpectRefused(Token(With(Claims(), "aud", "guestpass2")), Reason::kTokenAudience);
  ExpectRefused(Token(With(Claims(), "aud", Json::array())), Reason::kTokenAudience);
  ExpectRefused(Token(With(Claims(), "aud", Json::object({{"a", kDevelopmentAudience}}))),
                Reason::kTokenAudience);
  ExpectRefused(Token(Without(Claims(), "aud")), Reason::kTokenAudience);
}

TEST_F(TokenVerifierTest, WhatIsNoTokenIsMalformed) {
  const std::string token = Token(Claims());
  const std::vector<std::string> parts = absl::StrSplit(token, '.');
  for (const std::string& bad :
       std::vector<std::string>{"",
                                ".",
                                "..",
                                "...",
                                "a",
                                "a.b",
                                "a.b.c",
                                "a.b.c.d.e",
                                token + ".",
                                "." + token,
                                token + "=",
                                token + "\n",
                                " " + token,
                                std::string("\0.\0.\0", 5),
                                absl::StrCat(parts[0], ".", parts[1]),
                                absl::WebSafeBase64Escape("[]") + ".e30.x",
                                Unsigned({{"typ", "JWT"}}, Claims()) + ".x",
                                Unsigned({{"alg", 7}}, Claims()) + ".x",
                                Unsigned({{"alg", "ES256"}, {"kid", 7}}, Claims()) + ".x",
                                Token(With(Claims(), "pad", std::string(8192, 'x')))}) {
    ExpectRefused(bad, Reason::kTokenMalformed);
  }
}

TEST_F(TokenVerifierTest, ATokenOf8KiBIsTakenAndOneByteMoreIsNot) {
  // Base64 has no text of 4n + 1 characters, so both parts are padded to meet a length.
  const auto of_size = [&](size_t size) {
    for (size_t in_header = 0; in_header < 3; ++in_header) {
      const std::string header = With(Header(), "pad", std::string(in_header, 'x')).dump();
      for (size_t in_claims = 5'500; in_claims < 6'000; ++in_claims) {
        const Json claims = With(Claims(), "pad", std::string(in_claims, 'x'));
        const std::string head = Unsigned(With(Json::parse(header), "alg", "ES256"), claims);
        if (head.size() + 1 + 86 == size) return issuer_.SignAsIs(header, claims.dump());
      }
    }
    return std::string();
  };
  ASSERT_EQ(of_size(8192).size(), 8192u);
  EXPECT_TRUE(verifier_->Verify(of_size(8192), kNow).ok());
  ASSERT_EQ(of_size(8193).size(), 8193u);
  ExpectRefused(of_size(8193), Reason::kTokenMalformed);
}

TEST_F(TokenVerifierTest, ClaimsOfTheWrongShapeAreMalformed) {
  const Json claims = Claims();
  EXPECT_TRUE(verifier_->Verify(Token(With(claims, "sub", std::string(255, 'x'))), kNow).ok());
  for (const Json& bad : std::vector<Json>{Json("x"),
                                           Json::array(),
                                           Without(claims, "exp"),
                                           With(claims, "exp", "soon"),
                                           With(claims, "exp", -1),
                                           With(claims, "exp", 1e300),
                                           With(claims, "exp", 253'402'300'800),
                                           Without(claims, "sub"),
                                           With(claims, "sub", ""),
                                           With(claims, "sub", 7),
                                           With(claims, "sub", std::string(256, 'x')),
                                           With(claims, "sub", std::string("a\0b", 3)),
                                           With(claims, "sub", "a\nb"),
                                           With(claims, "iss", 7),
                                           With(claims, "email", 7),
                                           With(claims, "email", std::string(321, 'x')),
                                           With(claims, "gp_service", true),
                                           With(claims, "gp_service", "In Vite"),
                                           With(claims, "gp_service", ""),
                                           With(claims, "gp_operator", "true")}) {
    ExpectRefused(Token(bad), Reason::kTokenMalformed);
  }
  ExpectRefused(issuer_.SignAsIs(Header().dump(), "{\"sub\":\"\xff\"}"), Reason::kTokenMalformed);
  ExpectRefused(issuer_.SignAsIs(Header().dump(), std::string(5000, '[')), Reason::kTokenMalformed);
}

TEST_F(TokenVerifierTest, AlgorithmsThatAreNotTakenAreRefused) {
  for (const char* alg : {"none", "None", "NONE", "nOnE", "", "HS256", "HS512", "RS384", "PS256", "ES384",
                          "ES256K", "es256", "dir"}) {
    const std::string head = Unsigned({{"alg", alg}, {"kid", issuer_.kid()}}, Claims());
    ExpectRefused(head + ".", Reason::kTokenAlgorithm);
    ExpectRefused(head + ".AAAA", Reason::kTokenAlgorithm);
  }
}

TEST_F(TokenVerifierTest, APublicKeyIsNoSecretForHmac) {
  const std::string head = Unsigned({{"alg", "HS256"}, {"kid", issuer_.kid()}}, Claims());
  for (const std::string& secret : {issuer_.public_jwk(), issuer_.Jwks()}) {
    ExpectRefused(absl::StrCat(head, ".", absl::WebSafeBase64Escape(HmacSha256(secret, head))),
                  Reason::kTokenAlgorithm);
  }
}

TEST_F(TokenVerifierTest, AnAlgorithmThatIsNotTheKeysIsRefused) {
  const Issuer rsa = Issuer::Create(Algorithm::kRs256);
  ExpectRefused(rsa.SignAsIs(Header().dump(), Claims().dump()), Reason::kTokenAlgorithm);
  const Issuer ed = Issuer::Create(Algorithm::kEdDsa);
  ExpectRefused(ed.SignAsIs(Header().dump(), Claims().dump()), Reason::kTokenAlgorithm);
}

TEST_F(TokenVerifierTest, AHeaderThatNamesTwoAlgorithmsIsRefused) {
  const std::string token = Token(Claims());
  const std::vector<std::string> parts = absl::StrSplit(token, '.');
  for (const char* algs : {R"("alg":"none","alg":"ES256")", R"("alg":"ES256","alg":"none")"}) {
    const std::string header = absl::StrCat("{", algs, R"(,"kid":")", issuer_.kid(), "\"}");
    EXPECT_FALSE(
        verifier_->Verify(absl::StrCat(absl::WebSafeBase64Escape(header), ".", parts[1], "."), kNow).ok());
    EXPECT_FALSE(
        verifier_->Verify(absl::StrCat(absl::WebSafeBase64Escape(header), ".", parts[1], ".", parts[2]), kNow)
            .ok());
  }
}

TEST_F(TokenVerifierTest, AnotherKeyUnderTheSameKidIsRefused) {
  ExpectRefused(Issuer::Create().SignAsIs(Header().dump(), Claims().dump()), Reason::kTokenSignature);
}

TEST_F(TokenVerifierTest, AnUnknownKidIsRefusedAndNoKidIsTriedWithAllKeys) {
  ExpectRefused(TokenUnder({{"kid", "unknown"}}), Reason::kTokenSignature);
  ExpectRefused(TokenUnder({{"kid", ""}}), Reason::kTokenSignature);
  EXPECT_TRUE(verifier_->Verify(TokenUnder({{"typ", "JWT"}}), kNow).ok());
  ExpectRefused(Issuer::Create().SignAsIs("{}", Claims().dump()), Reason::kTokenSignature);
}

TEST_F(TokenVerifierTest, AChangedTokenIsRefused) {
  const std::string token = Token(Claims());
  for (size_t size = 0; size < token.size(); ++size) {
    EXPECT_FALSE(verifier_->Verify(token.substr(0, size), kNow).ok()) << size;
  }
  const std::vector<std::string> parts = absl::StrSplit(token, '.');
  const std::string other = absl::WebSafeBase64Escape(With(Claims(), "gp_operator", true).dump());
  ExpectRefused(absl::StrCat(parts[0], ".", other, ".", parts[2]), Reason::kTokenSignature);
  const std::string head = absl::StrCat(parts[0], ".", parts[1], ".");
  for (size_t bytes : {0, 1, 2, 31, 32, 63, 64, 65, 128, 1000}) {
    ExpectRefused(head + absl::WebSafeBase64Escape(std::string(bytes, '\0')), Reason::kTokenSignature);
    ExpectRefused(head + absl::WebSafeBase64Escape(std::string(bytes, '\xff')), Reason::kTokenSignature);
  }
  ExpectRefused(head + parts[2].substr(0, parts[2].size() - 4), Reason::kTokenSignature);
}

TEST_F(TokenVerifierTest, KeysAreNeitherTakenFromATokenNorFetchedForIt) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof(address);
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener, 8), 0);
  ASSERT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string url = absl::StrCat("http://127.0.0.1:", ntohs(address.sin_port), "/key");
  const Issuer forger = Issuer::Create();
  const Json jwk = Json::parse(forger.public_jwk());
  for (Json header : std::vector<Json>{{{"jwk", jwk}}, {{"jku", url}}, {{"x5u", url}}, {{"x5c", {"AAAA"}}}}) {
    for (const std::string& kid : {issuer_.kid(), forger.kid()}) {
      header["kid"] = kid;
      ExpectRefused(forger.SignAsIs(header.dump(), Claims().dump()), Reason::kTokenSignature);
    }
  }
  EXPECT_LT(accept(listener, nullptr, nullptr), 0) << "somebody came to fetch a key";
  close(listener);
}

TEST_F(TokenVerifierTest, ExtensionsThatAreNotUnderstoodAreMalformed) {
  for (const auto& [name, value] : std::vector<std::pair<const char*, Json>>{
           {"crit", {"exp"}}, {"b64", false}, {"zip", "DEF"}, {"enc", "A128GCM"}}) {
    ExpectRefused(Unsigned(With(With(Header(), "alg", "ES256"), name, value), Claims()) + ".AAAA",
                  Reason::kTokenMalformed);
  }
}

TEST_F(TokenVerifierTest, EachAlgorithmThatIsTakenWorks) {
  for (const Algorithm algorithm : {Algorithm::kEs256, Algorithm::kRs256, Algorithm::kEdDsa}) {
    const Issuer issuer = Issuer::Create(algorithm);
    Replace(path_, issuer.Jwks());
    const std::string token = issuer.Mint({.subject = "alice", .issue_time = kNow, .expire_time = kExpire});
    const auto identity = verifier_->Verify(token, kNow);
    EXPECT_TRUE(identity.ok()) << NameOf(algorithm) << identity.status();
    const std::vector<std::string> parts = absl::StrSplit(token, '.');
    ExpectRefused(absl::StrCat(parts[0], ".", parts[1], ".", std::string(parts[2].size(), 'A')),
                  Reason::kTokenSignature);
  }
}

TEST_F(TokenVerifierTest, ANewKeyIsFoundAtOnceAndARemovedOneIsForgottenWithItsTokens) {
  const std::string old_token = Token(Claims());
  ASSERT_TRUE(verifier_->Verify(old_token, kNow).ok());
  const Issuer next = Issuer::Create();
  Json both = Json::parse(issuer_.Jwks());
  both["keys"].push_back(Json::parse(next.public_jwk()));
  Replace(path_, both.dump());
  const std::string new_token = next.Mint({.subject = "alice", .issue_time = kNow, .expire_time = kExpire});
  EXPECT_TRUE(verifier_->Verify(new_token, kNow).ok());
  EXPECT_TRUE(verifier_->Verify(old_token, kNow).ok());
  Replace(path_, next.Jwks());
  const absl::Time later = kNow + absl::Seconds(1);
  ExpectRefused(old_token, Reason::kTokenSignature, later);
  EXPECT_TRUE(verifier_->Verify(new_token, later).ok());
}

TEST_F(TokenVerifierTest, AKnownTokenIsNotVerifiedAgain) {
  const std::string token = Token(Claims());
  ASSERT_TRUE(verifier_->Verify(token, kNow).ok());
  const absl::Time begin = absl::Now();
  for (int i = 0; i < 50'000; ++i) ASSERT_TRUE(verifier_->Verify(token, kNow).ok());
  EXPECT_LT(absl::Now() - begin, absl::Seconds(1)) << "50,000 signatures would take longer";
}

TEST_F(TokenVerifierTest, NoMoreThan10000TokensAreKeptAndTheRestGoesOnVerifying) {
  const Issuer fast = Issuer::Create(Algorithm::kEdDsa);
  Replace(path_, fast.Jwks());
  std::vector<std::string> tokens;
  for (int i = 0; i < 10'050; ++i) {
    tokens.push_back(
        fast.Mint({.subject = absl::StrCat("u", i), .issue_time = kNow, .expire_time = kExpire}));
    ASSERT_TRUE(verifier_->Verify(tokens.back(), kNow).ok());
  }
  EXPECT_EQ(verifier_->kept(), 10'000u);
  for (const size_t i : {size_t{0}, size_t{49}, size_t{50}, tokens.size() - 1}) {
    EXPECT_EQ(verifier_->Verify(tokens[i], kNow)->subject, absl::StrCat("u", i));
    ExpectRefused(tokens[i], Reason::kTokenExpired, kExpire);
  }
}

TEST_F(TokenVerifierTest, ManyThreadsVerifyWhileKeysRotate) {
  const Issuer next = Issuer::Create();
  Json both = Json::parse(issuer_.Jwks());
  both["keys"].push_back(Json::parse(next.public_jwk()));
  const std::string good = Token(Claims());
  const std::string bad = Issuer::Create().SignAsIs(Header().dump(), Claims().dump());
  std::atomic<int> wrong = 0;
  std::atomic<int> step = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        const absl::Time now = kNow + absl::Milliseconds(100) * step++;
        if (!verifier_->Verify(good, now).ok()) ++wrong;
        if (!HasReason(verifier_->Verify(bad, now).status(), Reason::kTokenSignature)) ++wrong;
      }
    });
  }
  for (int i = 0; i < 50; ++i) Replace(path_, i % 2 == 0 ? both.dump() : issuer_.Jwks());
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace guestpass::auth
