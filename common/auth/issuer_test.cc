// SPDX-License-Identifier: Apache-2.0
#include "common/auth/issuer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <set>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "common/auth/test_files.h"
#include "common/auth/token_verifier.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace guestpass::auth {
namespace {

using testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

mode_t ModeOf(const std::string& path) {
  struct stat status;
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777;
}

std::string AliceBy(const Issuer& issuer) {
  return issuer.Mint({.subject = "alice", .issue_time = kNow, .expire_time = kNow + absl::Hours(1)});
}

TEST(Issuer, ItsKeyIsMadeOnceAndItsTokensVerifyWithTheSetBesideIt) {
  const std::string directory = NewTestDirectory() + "/made/too";
  const auto first = Issuer::LoadOrCreate(directory);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = Issuer::LoadOrCreate(directory);
  ASSERT_TRUE(second.ok()) << second.status();
  EXPECT_EQ(first->kid(), second->kid());
  EXPECT_EQ(ModeOf(directory + "/issuer.jwk"), 0600u);
  EXPECT_EQ(ModeOf(directory + "/jwks.json"), 0644u);
  const auto keys = KeySetSource::Open(directory + "/jwks.json");
  ASSERT_TRUE(keys.ok()) << keys.status();
  TokenVerifier verifier(**keys, kDevelopmentIssuer, kDevelopmentAudience);
  EXPECT_TRUE(verifier.Verify(AliceBy(*first), kNow).ok());
  EXPECT_TRUE(verifier.Verify(AliceBy(*second), kNow).ok());
}

TEST(Issuer, WhoeverMakesTheKeyAtOnceGetsTheSame) {
  const std::string directory = NewTestDirectory();
  absl::Mutex mutex;
  std::set<std::string> kids;
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      const auto issuer = Issuer::LoadOrCreate(directory);
      absl::MutexLock lock(&mutex);
      kids.insert(issuer.ok() ? issuer->kid() : issuer.status().ToString());
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(kids.size(), 1u) << testing::PrintToString(kids);
  const auto set = KeySetSource::Open(directory + "/jwks.json");
  ASSERT_TRUE(set.ok()) << set.status();
  EXPECT_EQ((*set)->Current(kNow)->keys[0].kid, *kids.begin());
  const std::filesystem::directory_iterator files(directory);
  EXPECT_EQ(std::distance(begin(files), end(files)), 2) << "temporary files are left";
}

TEST(Issuer, ANewKeyTakesTheOldOnesPlaceInTheSet) {
  const std::string directory = NewTestDirectory();
  const auto first = Issuer::LoadOrCreate(directory);
  std::filesystem::remove(directory + "/issuer.jwk");
  const auto second = Issuer::LoadOrCreate(directory);
  ASSERT_NE(first->kid(), second->kid());
  EXPECT_EQ((*KeySetSource::Open(directory + "/jwks.json"))->Current(kNow)->keys[0].kid, second->kid());
}

TEST(Issuer, AKeyIsTakenOnlyForItsOwnAlgorithmAndWithAName) {
  const std::string directory = NewTestDirectory();
  const nlohmann::json key = Key::Create(Algorithm::kEdDsa).ToJwk(Half::kPrivate);
  const auto takes = [&](const nlohmann::json& names) {
    nlohmann::json named = key;
    named.update(names);
    Replace(directory + "/issuer.jwk", named.dump());
    return Issuer::LoadOrCreate(directory).ok();
  };
  EXPECT_TRUE(takes({{"kid", "k"}, {"alg", "EdDSA"}}));
  EXPECT_FALSE(takes({{"kid", "k"}, {"alg", "ES256"}}));
  EXPECT_FALSE(takes({{"kid", "k"}}));
  EXPECT_FALSE(takes({{"alg", "EdDSA"}}));
  EXPECT_FALSE(takes({{"kid", 7}, {"alg", "EdDSA"}}));
}

TEST(Issuer, ABrokenKeyOrPlaceIsToldInASentence) {
  const std::string directory = NewTestDirectory();
  Replace(directory + "/issuer.jwk", R"({"kty":"EC","kid":"k","alg":"ES256"})");
  EXPECT_THAT(std::string(Issuer::LoadOrCreate(directory).status().message()),
              HasSubstr("remove it, and a new one will be made."));
  Replace(directory + "/file", "");
  EXPECT_THAT(std::string(Issuer::LoadOrCreate(directory + "/file").status().message()),
              HasSubstr("Cannot write"));
}

}  // namespace
}  // namespace guestpass::auth
