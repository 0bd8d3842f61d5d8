// SPDX-License-Identifier: Apache-2.0
#include "common/auth/key_set.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "common/auth/issuer.h"
#include "common/auth/test_files.h"
#include "common/telemetry/log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace guestpass::auth {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

std::string SetOf(const std::vector<std::string>& keys) {
  nlohmann::json json = {{"keys", nlohmann::json::array()}};
  for (const std::string& key : keys) json["keys"].push_back(nlohmann::json::parse(key));
  return json.dump();
}

std::string WithMember(const std::string& key, const std::string& name, const nlohmann::json& value) {
  nlohmann::json json = nlohmann::json::parse(key);
  json[name] = value;
  return json.dump();
}

TEST(KeySet, HasTheKeysOfEachUsableKind) {
  const Issuer ec = Issuer::Create(Algorithm::kEs256);
  const Issuer rsa = Issuer::Create(Algorithm::kRs256);
  const Issuer ed = Issuer::Create(Algorithm::kEdDsa);
  const auto set = KeySet::Parse(SetOf({ec.public_jwk(), rsa.public_jwk(), ed.public_jwk()}));
  ASSERT_TRUE(set.ok()) << set.status();
  ASSERT_THAT(set->keys, SizeIs(3));
  EXPECT_EQ(set->keys[0].kid, ec.kid());
  EXPECT_EQ(set->keys[0].key.algorithm(), Algorithm::kEs256);
  EXPECT_EQ(set->keys[1].key.algorithm(), Algorithm::kRs256);
  EXPECT_EQ(set->keys[2].key.algorithm(), Algorithm::kEdDsa);
}

TEST(KeySet, PassesOverKeysOfOtherKindsAndUses) {
  const std::string good = Issuer::Create().public_jwk();
  const std::string symmetric = R"({"kty":"oct","k":"c2VjcmV0","kid":"s","alg":"HS256"})";
  const auto set =
      KeySet::Parse(SetOf({symmetric, WithMember(good, "use", "enc"), WithMember(good, "alg", "ES384"),
                           WithMember(good, "crv", "P-384"), good}));
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_THAT(set->keys, SizeIs(1));
}

TEST(KeySet, TakesNothingButThePublicParts) {
  const Key pair = Key::Create(Algorithm::kEs256);
  ASSERT_NE(pair.Sign("text"), "");
  const std::string key = WithMember(pair.ToJwk(Half::kPrivate).dump(), "x5u", "https://elsewhere.test/key");
  const auto set = KeySet::Parse(SetOf({key}));
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ(set->keys[0].key.Sign("text"), "");
  EXPECT_TRUE(set->keys[0].key.Verifies("text", pair.Sign("text")));
}

TEST(KeySet, WhatIsNoKeySetIsRefused) {
  const std::string good = Issuer::Create().public_jwk();
  const std::string short_rsa = R"({"kty":"RSA","e":"AQAB","n":")" + std::string(171, 'u') + R"("})";
  for (const std::string& bad : std::vector<std::string>{
           "", "{", "[]", "{}", R"({"keys":{}})", R"({"keys":[]})", R"({"keys":[7]})", good,
           SetOf({good, WithMember(good, "x", "AAAA")}), SetOf({WithMember(good, "y", 7)}),
           SetOf({short_rsa}), SetOf({R"({"kty":"oct","k":"c2VjcmV0"})"})}) {
    EXPECT_EQ(KeySet::Parse(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

TEST(KeySet, APointBesideTheCurveIsRefused) {
  const std::string good = Issuer::Create().public_jwk();
  const std::string other = Issuer::Create().public_jwk();
  const std::string mixed = WithMember(good, "y", nlohmann::json::parse(other)["y"]);
  EXPECT_FALSE(KeySet::Parse(SetOf({mixed})).ok());
}

TEST(KeySetSource, WithoutAGoodSetToBeginWithItSaysWhatToDo) {
  const std::string path = NewTestDirectory() + "/jwks.json";
  const auto missing = KeySetSource::Open(path);
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(missing.status().message(),
            absl::StrCat("The file ", path,
                         " cannot be read (No such file or directory). Name the JSON Web Key Set "
                         "of whoever issues your tokens as the key set file."));
  Replace(path, "{");
  EXPECT_THAT(std::string(KeySetSource::Open(path).status().message()), HasSubstr("is not a key set: "));
}

TEST(KeySetSource, ReadsTheFileAgainWhenItChangedAndASecondWentBy) {
  const std::string path = NewTestDirectory() + "/jwks.json";
  Replace(path, Issuer::Create().Jwks());
  const auto source = KeySetSource::Open(path);
  ASSERT_TRUE(source.ok()) << source.status();
  const auto first = (*source)->Current(kNow);
  Replace(path, Issuer::Create().Jwks());
  EXPECT_EQ((*source)->Current(kNow + absl::Seconds(1) - absl::Microseconds(1)), first);
  const auto second = (*source)->Current(kNow + absl::Seconds(1));
  EXPECT_NE(second->keys[0].kid, first->keys[0].kid);
  EXPECT_EQ((*source)->Current(kNow + absl::Seconds(5)), second);
  Replace(path, Issuer::Create().Jwks());
  EXPECT_NE((*source)->Newest(kNow + absl::Seconds(5)), second);
}

TEST(KeySetSource, AClockThatWentBackDoesNotStopTheLooking) {
  const std::string path = NewTestDirectory() + "/jwks.json";
  Replace(path, Issuer::Create().Jwks());
  const auto source = KeySetSource::Open(path);
  const auto first = (*source)->Current(kNow);
  Replace(path, Issuer::Create().Jwks());
  EXPECT_NE((*source)->Current(kNow - absl::Hours(1)), first);
}

TEST(KeySetSource, KeepsTheLastGoodSetAndLogsOnce) {
  std::vector<std::string> lines;
  telemetry::SetLogSink([&](absl::string_view line) { lines.emplace_back(line); });
  const std::string path = NewTestDirectory() + "/jwks.json";
  Replace(path, Issuer::Create().Jwks());
  const auto source = KeySetSource::Open(path);
  const auto first = (*source)->Current(kNow);
  Replace(path, "{\"keys\":");
  EXPECT_EQ((*source)->Newest(kNow), first);
  EXPECT_EQ((*source)->Newest(kNow), first);
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], HasSubstr("stay in use"));
  std::filesystem::remove(path);
  EXPECT_EQ((*source)->Newest(kNow), first);
  EXPECT_EQ((*source)->Newest(kNow), first);
  EXPECT_THAT(lines, SizeIs(2));
  Replace(path, Issuer::Create().Jwks());
  EXPECT_NE((*source)->Newest(kNow), first);
  telemetry::SetLogSink(nullptr);
}

}  // namespace
}  // namespace guestpass::auth
