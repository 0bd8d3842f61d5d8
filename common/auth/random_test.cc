// SPDX-License-Identifier: Apache-2.0
#include "common/auth/random.h"

#include <set>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace guestpass::auth {
namespace {

TEST(Base32, IsRfc4648InLowerCaseWithoutPadding) {
  EXPECT_EQ(Base32(""), "");
  EXPECT_EQ(Base32("f"), "my");
  EXPECT_EQ(Base32("fo"), "mzxq");
  EXPECT_EQ(Base32("foo"), "mzxw6");
  EXPECT_EQ(Base32("foob"), "mzxw6yq");
  EXPECT_EQ(Base32("fooba"), "mzxw6ytb");
  EXPECT_EQ(Base32("foobar"), "mzxw6ytboi");
  EXPECT_EQ(Base32("\xff\xff\xff\xff\xff"), "77777777");
}

TEST(NewId, IsAnIdAndAnotherEachTime) {
  std::set<InviteId> ids;
  for (int i = 0; i < 1000; ++i) ids.insert(NewId<InviteId>());
  EXPECT_EQ(ids.size(), 1000u);
  EXPECT_FALSE(ids.contains(InviteId()));
}

TEST(NewSecret, Is52CharactersAndAnotherEachTime) {
  const std::string secret = NewSecret();
  EXPECT_EQ(secret.size(), 52u);
  EXPECT_EQ(secret.find_first_not_of("abcdefghijklmnopqrstuvwxyz234567"), std::string::npos);
  EXPECT_NE(NewSecret(), secret);
}

TEST(UserIdOf, IsTheHeadOfTheHashOfIssuerZeroAndSubject) {
  // printf 'https://issuer.guestpass.test\0alice' | openssl dgst -sha256 -binary | base32, its head in lower
  // case
  EXPECT_EQ(UserIdOf("https://issuer.guestpass.test", "alice").text(), "gw2cpflxdxef7ei2ovg6brnhde");
  EXPECT_NE(UserIdOf("a", "bc"), UserIdOf("ab", "c"));
}

TEST(Hashes, AreThoseOfTheStandards) {
  EXPECT_EQ(absl::BytesToHexString(Sha256("abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // RFC 4231, case 2.
  EXPECT_EQ(absl::BytesToHexString(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(absl::BytesToHexString(HmacSha256(absl::string_view(), absl::string_view())),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(ConstantTimeEquals, SaysWhetherBothAreTheSame) {
  EXPECT_TRUE(ConstantTimeEquals("", ""));
  EXPECT_TRUE(ConstantTimeEquals("abc", "abc"));
  EXPECT_FALSE(ConstantTimeEquals("abc", "abd"));
  EXPECT_FALSE(ConstantTimeEquals("abc", "ab"));
  EXPECT_FALSE(ConstantTimeEquals(absl::string_view("a\0b", 3), absl::string_view("a\0c", 3)));
}

}  // namespace
}  // namespace guestpass::auth
