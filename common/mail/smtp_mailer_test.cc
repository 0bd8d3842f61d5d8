// SPDX-License-Identifier: Apache-2.0
#include "common/mail/smtp_mailer.h"

#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/status/error.h"
#include "common/telemetry/log.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/harness/mail/smtp_peer.h"
#include "tests/harness/servers/places.h"

namespace guestpass::mail {
namespace {

using harness::SmtpPeer;
using harness::SmtpPeerOptions;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using Tls = SmtpPeerOptions::Tls;

constexpr absl::Duration kShort = absl::Milliseconds(500);

Message To(const std::string& to) {
  return {.from_name = "guestpass",
          .from = "no-reply@chat.example.com",
          .to = to,
          .message_id = "i1.1@chat.example.com",
          .subject = "Your invitation",
          .date = absl::FromUnixSeconds(1'800'000'000),
          .text = "Hello\n.\n..two\n.one\n",
          .html = "<p>Hello</p>\n"};
}

// What came of a mail, in a word: "sent", "unknown", "failed", "refused" (for good).
std::string Outcome(const absl::StatusOr<Handover>& sent) {
  if (sent.ok()) return *sent == Handover::kSent ? "sent" : *sent == Handover::kUnknown ? "unknown" : "other";
  const auto details = DetailsOf(sent.status());
  if (!HasReason(sent.status(), Reason::kEmailDeliveryFailed)) return sent.status().ToString();
  return details->metadata == Metadata{{"permanent", "true"}} ? "refused" : "failed";
}

class SmtpMailerTest : public testing::Test {
 protected:
  void SetUp() override {
    telemetry::SetLogSink([this](absl::string_view line) { absl::StrAppend(&logged_, line); });
  }
  void TearDown() override { telemetry::SetLogSink({}); }

  // A server of its own, and what reaches it.
  SmtpPeer& Start(const SmtpPeerOptions& options = {}) {
    absl::StatusOr<std::unique_ptr<SmtpPeer>> peer = SmtpPeer::Start(options);
    if (!peer.ok()) ADD_FAILURE() << peer.status();
    peer_ = *std::move(peer);
    return *peer_;
  }
  std::string Url(absl::string_view scheme, absl::string_view host = "localhost") const {
    return absl::StrCat(scheme, "://", host, ":", peer_->port());
  }
  std::string Send(const SmtpOptions& options, const Message& message = To("Ann@example.com")) {
    const auto mailer = SmtpMailer::Create(options);
    return mailer.ok() ? Outcome((*mailer)->Send(message)) : mailer.status().ToString();
  }
  std::string SendPlain(const Message& message, absl::Duration timeout = absl::Seconds(10)) {
    return Send({.url = Url("smtp", "127.0.0.1"), .timeout = timeout}, message);
  }

  std::unique_ptr<SmtpPeer> peer_;
  std::string logged_;
};

TEST_F(SmtpMailerTest, AMailArrivesToTheByte) {
  const SmtpPeer& peer = Start();
  Message message = To("Ann@example.com");
  EXPECT_EQ(SendPlain(message), "sent");
  message.html = absl::StrCat("<p>H\u00e4llo ", std::string(2'000, 'x'), "</p>");
  message.text = absl::StrCat(std::string(998, 'y'), "\n.", std::string(200'000, 'z'));
  EXPECT_EQ(SendPlain(message), "sent");
  message.text.clear();
  for (int i = 0; i < 60'000; ++i) absl::StrAppend(&message.text, i % 3 == 0 ? "." : "", "line\n");
  EXPECT_EQ(SendPlain(message), "sent");
  const std::vector<std::string> mails = peer.Mails(), commands = peer.Commands();
  ASSERT_EQ(mails.size(), 3u);
  EXPECT_EQ(mails[0], *Compose(To("Ann@example.com"), Transport::k7Bit));
  EXPECT_THAT(mails[0], HasSubstr("\r\nHello\r\n.\r\n..two\r\n.one\r\n"));
  EXPECT_THAT(mails[0], HasSubstr("\r\nMessage-ID: <i1.1@chat.example.com>\r\nAuto-Submitted: auto-"));
  EXPECT_TRUE(mails[2] == *Compose(message, Transport::k7Bit)) << "too long to be shown";
  for (absl::string_view line : absl::StrSplit(mails[1], "\r\n")) EXPECT_LE(line.size(), 998u);
  for (const unsigned char c : mails[1]) ASSERT_LT(c, 0x80) << "no server has to take more";
  EXPECT_THAT(
      std::vector<std::string>(commands.begin(), commands.begin() + 4),
      ElementsAre("EHLO chat.example.com", "MAIL no-reply@chat.example.com", "RCPT Ann@example.com", "DATA"));
  EXPECT_EQ(logged_, "");
}

TEST_F(SmtpMailerTest, WhatTheServerRefusesFailedForGoodOrForNow) {
  const SmtpPeer& peer = Start();
  EXPECT_EQ(SendPlain(To("nobody@example.com")), "refused");
  EXPECT_EQ(SendPlain(To("busy@example.com")), "failed");
  EXPECT_THAT(peer.Mails(), IsEmpty());
  EXPECT_EQ(SendPlain(To("spam@example.com")), "refused");
  EXPECT_EQ(SendPlain(To("full@example.com")), "failed");
  EXPECT_EQ(peer.Mails().size(), 2u) << "refused after the whole mail was there";
  for (const char* code : {"550", "450", "554", "451"}) {
    EXPECT_THAT(logged_, HasSubstr(absl::StrCat("\"code\":\"", code, "\""))) << logged_;
  }
}

TEST_F(SmtpMailerTest, WithoutAnAnswerToTheWholeMailTheOutcomeIsUnknown) {
  const SmtpPeer& peer = Start();
  const absl::Time begun = absl::Now();
  EXPECT_EQ(SendPlain(To("silent@example.com"), kShort), "unknown");
  EXPECT_GE(absl::Now() - begun, kShort);
  EXPECT_LT(absl::Now() - begun, 2 * kShort + absl::Seconds(2));
  EXPECT_EQ(SendPlain(To("dropped@example.com")), "unknown");
  EXPECT_EQ(peer.Mails().size(), 2u);
}

TEST_F(SmtpMailerTest, WhatEndsBeforeTheWholeMailIsThereFailed) {
  const SmtpPeer& peer = Start();
  Message large = To("cut@example.com");
  large.text.assign(8'000'000, '\n');
  EXPECT_EQ(SendPlain(large), "failed");
  const absl::Time begun = absl::Now();
  EXPECT_EQ(SendPlain(To("hangs@example.com"), kShort), "failed");
  EXPECT_EQ(SendPlain(To("slow@example.com"), kShort), "failed") << "the time is for all of it";
  EXPECT_LT(absl::Now() - begun, 4 * kShort + absl::Seconds(2));
  EXPECT_THAT(peer.Mails(), IsEmpty());
}

TEST_F(SmtpMailerTest, AServerThatIsNotThereOrSaysNothingIsAFailure) {
  Start({.mute = true});
  const absl::Time begun = absl::Now();
  EXPECT_EQ(SendPlain(To("ann@example.com"), kShort), "failed");
  EXPECT_LT(absl::Now() - begun, 2 * kShort + absl::Seconds(2));
  EXPECT_EQ(Send({.url = absl::StrCat("smtp://127.0.0.1:", *harness::FreePort())}), "failed");
  EXPECT_EQ(Send({.url = "smtps://nowhere.invalid:465", .timeout = kShort}), "failed");
}

TEST_F(SmtpMailerTest, AServerThatDoesNotSayGoodbyeKeepsNobody) {
  Start();
  const absl::Time begun = absl::Now();
  EXPECT_EQ(SendPlain(To("stays@example.com")), "sent");
  EXPECT_EQ(SendPlain(To("sulks@example.com"), kShort), "refused");
  EXPECT_LT(absl::Now() - begun, absl::Seconds(5));
}

TEST_F(SmtpMailerTest, NoProxyOfTheEnvironmentSeesMail) {
  Start();
  setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  EXPECT_EQ(SendPlain(To("ann@example.com")), "sent");
  unsetenv("ALL_PROXY");
}

TEST_F(SmtpMailerTest, WithTlsAMailArrivesAndIsUnknownOrFailedAsWithout) {
  for (const auto& [tls, scheme] :
       {std::pair{Tls::kStartTls, "smtp+starttls"}, std::pair{Tls::kImplicit, "smtps"}}) {
    const SmtpPeer& peer = Start({.tls = tls});
    const SmtpOptions options{.url = Url(scheme), .ca_file = peer.ca_file()};
    EXPECT_EQ(Send(options), "sent") << scheme << logged_;
    EXPECT_EQ(Send(options, To("dropped@example.com")), "unknown") << scheme;
    EXPECT_EQ(Send(options, To("spam@example.com")), "refused") << scheme;
    Message large = To("cut@example.com");
    large.text.assign(8'000'000, '\n');
    EXPECT_EQ(Send(options, large), "failed") << scheme;
    EXPECT_THAT(peer.Mails(), Contains(*Compose(To("Ann@example.com"), Transport::k7Bit)));
  }
}

TEST_F(SmtpMailerTest, AServerThatCannotProveItsNameGetsNothing) {
  const std::unique_ptr<SmtpPeer> stranger = *SmtpPeer::Start({.tls = Tls::kImplicit});
  for (const auto& [tls, scheme] :
       {std::pair{Tls::kStartTls, "smtp+starttls"}, std::pair{Tls::kImplicit, "smtps"}}) {
    const SmtpPeer& peer = Start({.tls = tls, .account = "ann:s3cret"});
    const SmtpOptions sound{
        .url = Url(scheme), .user = "ann", .password = "s3cret", .ca_file = peer.ca_file()};
    SmtpOptions other_name = sound, other_authority = sound, systems_authorities = sound;
    other_name.url = Url(scheme, "127.0.0.1");
    other_authority.ca_file = stranger->ca_file();
    systems_authorities.ca_file = "";
    for (const SmtpOptions& options : {other_name, other_authority, systems_authorities}) {
      EXPECT_EQ(Send(options), "failed") << scheme;
    }
    EXPECT_THAT(peer.Mails(), IsEmpty());
    EXPECT_THAT(peer.Commands(), Not(Contains(StartsWith("AUTH"))));
    EXPECT_THAT(peer.Commands(), Not(Contains(StartsWith("MAIL"))));
    EXPECT_EQ(Send(sound), "sent") << scheme;
  }
}

TEST_F(SmtpMailerTest, WithoutTheTlsThatWasAskedForNothingIsSaid) {
  const SmtpPeer& peer = Start({.account = "ann:s3cret"});
  EXPECT_EQ(Send({.url = Url("smtp+starttls"), .user = "ann", .password = "s3cret"}), "failed");
  EXPECT_EQ(Send({.url = Url("smtps"), .user = "ann", .password = "s3cret", .timeout = kShort}), "failed");
  EXPECT_THAT(peer.Commands(), Not(Contains(StartsWith("AUTH"))));
  EXPECT_THAT(peer.Commands(), Not(Contains(StartsWith("MAIL"))));
}

TEST_F(SmtpMailerTest, LogsInWhereThatIsAskedFor) {
  const SmtpPeer& peer = Start({.tls = Tls::kStartTls, .account = "ann:s3cret"});
  SmtpOptions options{
      .url = Url("smtp+starttls"), .user = "ann", .password = "s3cret", .ca_file = peer.ca_file()};
  EXPECT_EQ(Send(options), "sent");
  options.password = "wrong";
  EXPECT_EQ(Send(options), "refused");
  options.user = options.password = "";
  EXPECT_EQ(Send(options), "refused") << "530";
  EXPECT_EQ(peer.Mails().size(), 1u);
}

TEST_F(SmtpMailerTest, NothingOfAMailIsLoggedButItsId) {
  const SmtpPeer& peer = Start({.tls = Tls::kStartTls, .account = "ann:s3cret"});
  const SmtpOptions options{
      .url = Url("smtp+starttls"), .user = "ann", .password = "s3cret", .ca_file = peer.ca_file()};
  EXPECT_EQ(Send(options, To("nobody@example.com")), "refused");
  EXPECT_EQ(Send(options, To("dropped@example.com")), "unknown");
  EXPECT_EQ(Send(options, To("nobody@example.com\r\nRCPT TO:<x@example.com>")), "failed");
  EXPECT_THAT(logged_, HasSubstr("i1.1@chat.example.com"));
  for (const char* secret : {"s3cret", "nobody@", "dropped", "no-reply", "invitation", "Hello"}) {
    EXPECT_THAT(logged_, Not(HasSubstr(secret)));
  }
}

TEST_F(SmtpMailerTest, MayBeUsedFromManyThreadsAtOnce) {
  const SmtpPeer& peer = Start();
  const auto mailer = SmtpMailer::Create({.url = Url("smtp", "127.0.0.1")});
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 5; ++n) {
        EXPECT_EQ(Outcome((*mailer)->Send(To(absl::StrCat("ann", i, "@example.com")))), "sent");
        EXPECT_EQ(Outcome((*mailer)->Send(To("nobody@example.com"))), "refused");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(peer.Mails().size(), 40u);
}

TEST_F(SmtpMailerTest, WhatCannotWorkIsRefusedAtTheStart) {
  for (const SmtpOptions& options : {SmtpOptions{.url = "smtp://192.0.2.1:25"}, SmtpOptions{.url = ""},
                                     SmtpOptions{.url = "smtp://127.0.0.1:25", .user = "ann"},
                                     SmtpOptions{.url = "smtp://127.0.0.1:25", .password = "s3cret"},
                                     SmtpOptions{.url = "smtp://127.0.0.1:25", .ca_file = "/nowhere"}}) {
    const absl::Status status = SmtpMailer::Create(options).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("s3cret")));
  }
}

}  // namespace
}  // namespace guestpass::mail
