// SPDX-License-Identifier: Apache-2.0
#include "common/mail/smtp_url.h"

#include "gtest/gtest.h"

namespace guestpass::mail {
namespace {

TEST(ParseSmtpUrl, SaysWhereAndHowGuarded) {
  const auto starttls = ParseSmtpUrl("smtp+starttls://Mail.example.com:587");
  ASSERT_TRUE(starttls.ok()) << starttls.status();
  EXPECT_EQ(starttls->security, SmtpUrl::Security::kStartTls);
  EXPECT_EQ(starttls->host, "mail.example.com");
  EXPECT_EQ(starttls->port, 587);
  EXPECT_EQ(ParseSmtpUrl("smtps://192.0.2.1:465")->security, SmtpUrl::Security::kTls);
  EXPECT_EQ(ParseSmtpUrl("smtps://[2001:db8::1]:465")->host, "[2001:db8::1]");
}

TEST(ParseSmtpUrl, OnlyThisMachineIsReachedWithoutTls) {
  for (const char* here :
       {"smtp://127.0.0.1:25", "smtp://127.9.9.9:25", "smtp://[::1]:25", "smtp://localhost:25"}) {
    EXPECT_EQ(ParseSmtpUrl(here)->security, SmtpUrl::Security::kPlain) << here;
  }
  for (const char* elsewhere :
       {"smtp://mail.example.com:25", "smtp://192.0.2.1:25", "smtp://0.0.0.0:25", "smtp://[::2]:25",
        "smtp://127.0.0.1.example.com:25", "smtp://127.1:25", "smtp://localhost.example.com:25",
        "smtp://[::ffff:192.0.2.1]:25", "smtp://2130706433:25"}) {
    const absl::Status status = ParseSmtpUrl(elsewhere).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << elsewhere;
    EXPECT_NE(std::string(status.message()).find("smtp+starttls://"), std::string::npos) << status;
  }
}

TEST(ParseSmtpUrl, RefusesWhatIsNone) {
  for (const char* bad :
       {"", "127.0.0.1:25", "http://127.0.0.1:25", "smtp://127.0.0.1", "smtp://:25", "smtp://127.0.0.1:",
        "smtp://127.0.0.1:0", "smtp://127.0.0.1:65536", "smtp://127.0.0.1: 25", "smtp://127.0.0.1:+25",
        "smtps://ann:s3cret@mail.example.com:465", "smtps://mail.example.com:465/path",
        "smtps://mail.example.com/:465", "smtps://[mail]:465", "smtps://a\r\nb:465", "smtps://-x:465"}) {
    const absl::Status status = ParseSmtpUrl(bad).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad;
    EXPECT_EQ(std::string(status.message()).find("s3cret"), std::string::npos) << status;
  }
}

}  // namespace
}  // namespace guestpass::mail
