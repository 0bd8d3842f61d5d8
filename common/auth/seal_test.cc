// SPDX-License-Identifier: Apache-2.0
#include "common/auth/seal.h"

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace guestpass::auth {
namespace {

const std::string kSecret = absl::BytesToHexString(std::string(32, '\x01'));
const std::string kOtherSecret = absl::BytesToHexString(std::string(32, '\x02'));
const std::string kFirst = "a:" + kSecret;
const std::string kSecond = "b:" + kOtherSecret;

Sealer With(const std::string& keys) { return *Sealer::Parse(keys); }

TEST(Sealer, OpensWhatItSealedForThatScopeOnly) {
  const Sealer sealer = With(kFirst);
  for (const std::string& text : {std::string(), std::string("\0text", 5), std::string(5000, 'x')}) {
    const std::string sealed = sealer.Seal("scope", text);
    EXPECT_EQ(sealer.Open("scope", sealed), text);
    EXPECT_EQ(sealer.Open("scop", sealed), std::nullopt);
    EXPECT_EQ(sealer.Open("scope2", sealed), std::nullopt);
    EXPECT_EQ(sealer.Open("", sealed), std::nullopt);
  }
  EXPECT_EQ(sealer.Open("", sealer.Seal("", "text")), "text");
}

TEST(Sealer, WhatItSealedCanBePutInAUrlAndShowsNothing) {
  const Sealer sealer = With(kFirst);
  const std::string text(60, 'x');
  const std::string sealed = sealer.Seal("scope", text);
  EXPECT_EQ(sealed.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
            std::string::npos);
  std::string bytes;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(sealed, &bytes));
  EXPECT_FALSE(absl::StrContains(bytes, "xxx"));
  EXPECT_NE(sealer.Seal("scope", text), sealed);
}

TEST(Sealer, OneOtherCharacterIsRefusedAndSoIsAPart) {
  const Sealer sealer = With(kFirst);
  // Bytes of every length modulo 3, so that the last character has bits that mean nothing, too.
  for (const std::string text : {"text", "text1", "text12"}) {
    const std::string sealed = sealer.Seal("scope", text);
    for (size_t i = 0; i < sealed.size(); ++i) {
      for (char other : {'A', 'B', 'Q', 'g', 'w', '_', '=', ' '}) {
        std::string altered = sealed;
        altered[i] = other;
        if (altered == sealed) continue;
        EXPECT_EQ(sealer.Open("scope", altered), std::nullopt) << i << other;
      }
      EXPECT_EQ(sealer.Open("scope", sealed.substr(0, i)), std::nullopt) << i;
    }
    for (const char* more : {"A", "=", "==", " ", "\n"}) {
      EXPECT_EQ(sealer.Open("scope", sealed + more), std::nullopt) << more;
    }
  }
  EXPECT_EQ(sealer.Open("scope", absl::WebSafeBase64Escape(absl::string_view("a\0short", 7))), std::nullopt);
}

TEST(Sealer, AnotherSecretOrIdIsRefused) {
  const std::string sealed = With(kFirst).Seal("scope", "text");
  EXPECT_EQ(With("a:" + kOtherSecret).Open("scope", sealed), std::nullopt);
  EXPECT_EQ(With("b:" + kSecret).Open("scope", sealed), std::nullopt);
  std::string renamed;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(sealed, &renamed));
  renamed[0] = 'b';
  EXPECT_EQ(With("b:" + kSecret).Open("scope", absl::WebSafeBase64Escape(renamed)), std::nullopt);
}

TEST(Sealer, KeysRotateWithoutALoss) {
  const Sealer steps[] = {With(kFirst), With(kFirst + "," + kSecond), With(kSecond + "," + kFirst),
                          With(kSecond)};
  for (int i = 0; i + 1 < 4; ++i) {
    EXPECT_EQ(steps[i].Open("scope", steps[i + 1].Seal("scope", "x")), "x") << i;
    EXPECT_EQ(steps[i + 1].Open("scope", steps[i].Seal("scope", "x")), "x") << i;
  }
  EXPECT_EQ(steps[0].Open("scope", steps[3].Seal("scope", "x")), std::nullopt);
}

// Made with Python's cryptography: callers hold tokens over an upgrade.
TEST(Sealer, OpensWhatEarlierReleasesSealed) {
  EXPECT_EQ(With(kFirst).Open("scope", "YQAAAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRob_4qFImZW4sgkF6LySd6jES9j8o8"),
            "text");
}

TEST(Sealer, ReadsKeysInHexAndBase64) {
  const std::string bytes(32, '\x01');
  const auto sealer = Sealer::Parse(absl::StrCat(" new-1:", absl::Base64Escape(bytes), ", ", kSecond, "\n"));
  ASSERT_TRUE(sealer.ok()) << sealer.status();
  EXPECT_EQ(With("new-1:" + kSecret).Open("s", sealer->Seal("s", "text")), "text");
  EXPECT_EQ(sealer->Open("s", With(kSecond).Seal("s", "text")), "text");
}

TEST(Sealer, SaysWhatIsWrongWithKeysAndNeverTheSecret) {
  const std::string bad[] = {"",
                             "secret",
                             ":" + kSecret,
                             "a:",
                             "a:" + kSecret.substr(2),
                             "a:!!" + kSecret,
                             "a b:" + kSecret,
                             kFirst + "," + kFirst,
                             kFirst + ","};
  for (const std::string& text : bad) {
    const auto sealer = Sealer::Parse(text);
    EXPECT_EQ(sealer.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_TRUE(absl::StrContains(sealer.status().message(), "id:secret")) << sealer.status();
    EXPECT_FALSE(absl::StrContains(sealer.status().message(), kSecret.substr(2))) << sealer.status();
  }
}

}  // namespace
}  // namespace guestpass::auth
