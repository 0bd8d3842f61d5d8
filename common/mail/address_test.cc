// SPDX-License-Identifier: Apache-2.0
#include "common/mail/address.h"

#include <string>

#include "gtest/gtest.h"

namespace guestpass::mail {
namespace {

struct Case {
  std::string text;
  std::string folded;
};

TEST(ParseAddress, FoldsAsciiLettersAndTheDomain) {
  const Case cases[] = {
      {"ann@example.com", "ann@example.com"},
      {"Ann.Lee+Tag@Example.COM", "ann.lee+tag@example.com"},
      {" \t ann@example.com\r\n", "ann@example.com"},
      {"!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"},
      {"ann@localhost", "ann@localhost"},
      {"ann@Bücher.example", "ann@xn--bcher-kva.example"},
      {"ann@BU\u0308CHER.example", "ann@xn--bcher-kva.example"},
      {"ann@XN--BCHER-KVA.example", "ann@xn--bcher-kva.example"},
      {"ann@faß.example", "ann@xn--fa-hia.example"},  // non-transitional: not fass
      {"ann@ｅｘａｍｐｌｅ。com", "ann@example.com"},
      {"ann@例え.テスト", "ann@xn--r8jz45g.xn--zckzah"},
  };
  for (const Case& c : cases) {
    const auto address = ParseAddress(c.text);
    ASSERT_TRUE(address.has_value()) << c.text;
    EXPECT_EQ(address->folded, c.folded) << c.text;
  }
}

TEST(ParseAddress, WhatIsFoldedStaysAsItIs) {
  for (const char* text : {"Ann@Bücher.example", "a.b@faß.example", "x@例え.テスト"}) {
    const std::string folded = ParseAddress(text)->folded;
    EXPECT_EQ(ParseAddress(folded)->folded, folded);
  }
}

TEST(ParseAddress, RefusesWhatIsNone) {
  const std::string cases[] = {
      "",
      "@",
      "ann",
      "ann@",
      "@example.com",
      "ann@lee@example.com",
      "ann lee@example.com",
      "ann@exam ple.com",
      "\"ann\"@example.com",
      "ann(x)@example.com",
      "ann,bob@example.com",
      "<ann@example.com>",
      "ann\n@example.com",
      "ann@example.com\nBcc: x",
      std::string("ann\0@example.com", 16),
      std::string("ann@example.com\0.org", 20),
      ".ann@example.com",
      "ann.@example.com",
      "a..n@example.com",
      "änn@example.com",
      "ann@example.com.",
      "ann@example。com。",
      "ann@.example.com",
      "ann@exa..mple.com",
      "ann@-example.com",
      "ann@example-.com",
      "ann@exam_ple.com",
      "ann@[127.0.0.1]",
      "ann@\xff.com",
      "ann@xn--\u00fc.com",
      "ann@" + std::string(64, 'a') + ".com",
  };
  for (const std::string& text : cases) EXPECT_FALSE(ParseAddress(text).has_value()) << text;
}

TEST(ParseAddress, LengthsAreBoundToTheByte) {
  const std::string label(61, 'd');
  EXPECT_TRUE(ParseAddress(std::string(64, 'a') + "@example.com").has_value());
  EXPECT_FALSE(ParseAddress(std::string(65, 'a') + "@example.com").has_value());
  const std::string domain = label + "." + label + "." + label;  // 185 bytes
  const std::string longest = std::string(64, 'a') + "@" + domain + ".ex";
  EXPECT_EQ(longest.size(), 253u);
  EXPECT_TRUE(ParseAddress(longest).has_value());
  EXPECT_TRUE(ParseAddress(longest + "e").has_value());
  EXPECT_FALSE(ParseAddress(longest + "em").has_value());
  const std::string grows =
      std::string(64, 'a') + "@" + label + "." + label + "." + std::string(40, 'd') + ".bü.ex";
  EXPECT_LE(grows.size(), 254u);
  EXPECT_TRUE(ParseAddress(grows).has_value());
  const std::string too_much =
      std::string(64, 'a') + "@" + label + "." + label + "." + std::string(57, 'd') + ".bü";
  EXPECT_LE(too_much.size(), 254u);
  EXPECT_FALSE(ParseAddress(too_much).has_value()) << "254 bytes as A-labels too";
}

TEST(Mailbox, KeepsTheLocalPartAndIsAscii) {
  EXPECT_EQ(ParseAddress("Ann.Lee@Bücher.example")->Mailbox(), "Ann.Lee@xn--bcher-kva.example");
}

}  // namespace
}  // namespace guestpass::mail
