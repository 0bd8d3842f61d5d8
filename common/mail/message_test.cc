// SPDX-License-Identifier: Apache-2.0
#include "common/mail/message.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

namespace guestpass::mail {
namespace {

Message Invitation() {
  return {.from_name = "guestpass",
          .from = "no-reply@chat.example.com",
          .to = "Ann@example.com",
          .message_id = "i1.1@chat.example.com",
          .subject = "Your invitation",
          .date = absl::FromUnixSeconds(1'800'000'000),
          .text = "Hello\nthere\n",
          .html = "<p>Hello</p>\n"};
}

TEST(Compose, IsTheMailToTheByte) {
  EXPECT_EQ(*Compose(Invitation()),
            "From: guestpass <no-reply@chat.example.com>\r\n"
            "To: Ann@example.com\r\n"
            "Subject: Your invitation\r\n"
            "Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n"
            "Message-ID: <i1.1@chat.example.com>\r\n"
            "Auto-Submitted: auto-generated\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: multipart/alternative; boundary=\"=_guestpass_0_\"\r\n"
            "\r\n"
            "--=_guestpass_0_\r\n"
            "Content-Type: text/plain; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 8bit\r\n"
            "\r\n"
            "Hello\r\nthere\r\n"
            "\r\n"
            "--=_guestpass_0_\r\n"
            "Content-Type: text/html; charset=utf-8\r\n"
            "Content-Transfer-Encoding: 8bit\r\n"
            "\r\n"
            "<p>Hello</p>\r\n"
            "\r\n"
            "--=_guestpass_0_--\r\n");
}

TEST(Compose, NoAddressCanAddAHeader) {
  for (const char* bad :
       {"", "ann", "ann@example.com\r\nBcc: x@y.example", "ann@example.com, bob@example.com",
        "Ann <ann@example.com>", "ann@ex ample.com", "@example.com", "ann@b\u00fccher.example"}) {
    Message message = Invitation();
    message.to = bad;
    EXPECT_FALSE(Compose(message).ok()) << bad;
    message = Invitation();
    message.from = bad;
    EXPECT_FALSE(Compose(message).ok()) << bad;
    message = Invitation();
    message.message_id = bad;
    EXPECT_FALSE(Compose(message).ok()) << bad;
  }
}

TEST(Compose, HeadersThatAreNotPlainAreEncodedInWholeCharacters) {
  Message message = Invitation();
  message.subject = "a\r\nBcc: x@y.example";
  message.from_name = "x\" <evil@example.com>";
  const std::string mail = *Compose(message);
  EXPECT_FALSE(absl::StrContains(mail, "\nBcc:"));
  EXPECT_FALSE(absl::StrContains(mail, "evil@example.com"));

  message.subject = "a";
  for (int i = 0; i < 60; ++i) message.subject += "\u00fc";
  const std::string long_mail = *Compose(message);
  std::string decoded;
  for (absl::string_view line : absl::StrSplit(long_mail, "\r\n")) {
    EXPECT_LE(line.size(), 100u);
    const bool first = absl::StartsWith(line, "Subject: ");
    if (!first && !absl::StartsWith(line, " =?")) continue;
    std::string word;
    ASSERT_TRUE(absl::Base64Unescape(
        line.substr(line.find("?B?") + 3, line.rfind("?=") - line.find("?B?") - 3), &word));
    EXPECT_EQ(word.size() % 2, first ? 1u : 0u) << "characters of two bytes stay whole";
    decoded += word;
  }
  EXPECT_EQ(decoded, message.subject);
}

TEST(Compose, LinesThatAreTooLongTravelInBase64) {
  Message message = Invitation();
  message.text = std::string(999, 'x');
  const std::string mail = *Compose(message);
  EXPECT_TRUE(absl::StrContains(mail, "base64"));
  for (absl::string_view line : absl::StrSplit(mail, "\r\n")) EXPECT_LE(line.size(), 998u);
  message.text.pop_back();
  EXPECT_FALSE(absl::StrContains(*Compose(message), "base64"));
}

TEST(Compose, ForServersOnlyAsciiTravelsAsItIs) {
  Message message = Invitation();
  EXPECT_FALSE(absl::StrContains(*Compose(message, Transport::k7Bit), "base64"));
  EXPECT_FALSE(absl::StrContains(*Compose(message, Transport::k7Bit), "8bit"));
  message.html = "<p>H\u00e4llo</p>\n";
  EXPECT_FALSE(absl::StrContains(*Compose(message), "base64"));
  const std::string mail = *Compose(message, Transport::k7Bit);
  EXPECT_TRUE(absl::StrContains(mail, absl::Base64Escape(message.html)));
  EXPECT_TRUE(absl::StrContains(mail, "7bit\r\n\r\nHello\r\nthere\r\n")) << "the other part is ASCII";
}

TEST(Compose, TheBoundaryIsInNoPart) {
  Message message = Invitation();
  message.text = "--=_guestpass_0_\n--=_guestpass_1_--\n";
  EXPECT_TRUE(absl::StrContains(*Compose(message), "boundary=\"=_guestpass_2_\""));
}

TEST(EscapeHtml, LeavesNothingThatEndsATextOrAnAttribute) {
  EXPECT_EQ(EscapeHtml("<a href=\"x\" o='y'>&amp;"), "&lt;a href=&quot;x&quot; o=&#39;y&#39;&gt;&amp;amp;");
}

TEST(Unlinked, NoPartOfANameLooksLikeALink) {
  const std::string text = Unlinked("http://evil.example or a@b.example");
  for (const char* link : {"http://", "evil.example", "a@b", "b.example", "//"}) {
    EXPECT_FALSE(absl::StrContains(text, link)) << link;
  }
}

TEST(Unlinked, WhatNamesOfHostsMayHaveForADotIsTakenForOne) {
  for (const char* dot : {".", "\u2024", "\u3002", "\uff0e", "\uff61"}) {
    EXPECT_EQ(Unlinked(absl::StrCat("evil", dot, "example")), absl::StrCat("evil", dot, "\u200bexample"));
  }
}

}  // namespace
}  // namespace guestpass::mail
