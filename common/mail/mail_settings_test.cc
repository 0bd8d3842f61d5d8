// SPDX-License-Identifier: Apache-2.0
#include "common/mail/mail_settings.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace guestpass::mail {
namespace {

using ::testing::HasSubstr;

const Message kMessage{.from_name = "guestpass",
                       .from = "no-reply@localhost",
                       .to = "ann@example.com",
                       .message_id = "i1.1@localhost",
                       .subject = "x",
                       .text = "t",
                       .html = "h"};

// What a service says of these settings when it starts; "" if it starts.
std::string Refusal(config::Environment environment) {
  config::Settings settings({}, std::move(environment));
  const MailOptions options = ReadMailOptions(settings);
  if (const absl::Status finished = settings.Finish(); !finished.ok()) return std::string(finished.message());
  return std::string(OpenMailer(options).status().message());
}

TEST(OpenMailer, WhatIsSetDecidesWhatBecomesOfAMail) {
  EXPECT_EQ(*(*OpenMailer({}))->Send(kMessage), Handover::kNotConfigured);
  EXPECT_EQ(*(*OpenMailer({.allow_list = "bob@example.com"}))->Send(kMessage), Handover::kNotConfigured);
  const MailOptions to_files{.directory = testing::TempDir()};
  EXPECT_EQ(*(*OpenMailer(to_files))->Send(kMessage), Handover::kSent);
  for (const auto& [list, handover] : {std::pair{"bob@example.com, @Example.com", Handover::kSent},
                                       std::pair{"bob@example.com,@example.org", Handover::kDevRestricted}}) {
    const MailOptions listed{.directory = testing::TempDir(), .allow_list = list};
    EXPECT_EQ(*(*OpenMailer(listed))->Send(kMessage), handover) << list;
  }
  const MailOptions to_nobody{.smtp = {.url = "smtp://127.0.0.1:1", .timeout = absl::Seconds(5)}};
  EXPECT_EQ((*OpenMailer(to_nobody))->Send(kMessage).status().code(), absl::StatusCode::kUnavailable);
}

TEST(OpenMailer, WhetherMailIsSetUpIsKnown) {
  EXPECT_FALSE(MailOptions().configured());
  EXPECT_TRUE(MailOptions{.directory = "d"}.configured());
  EXPECT_TRUE(MailOptions{.smtp = {.url = "u"}}.configured());
}

TEST(ReadMailOptions, ReadsThemAll) {
  config::Settings settings({"--smtp-url=smtps://mail.example.com:465", "--smtp-user=ann",
                             "--smtp-ca-file=/ca.pem", "--mail-timeout=3s", "--mail-from=a@example.com",
                             "--mail-allow-list=@example.com", "--mail-directory=/mail"},
                            {{"GUESTPASS_SMTP_PASSWORD", "s3cret"}});
  const MailOptions options = ReadMailOptions(settings);
  EXPECT_TRUE(settings.Finish().ok());
  EXPECT_EQ(options.smtp.url, "smtps://mail.example.com:465");
  EXPECT_EQ(options.smtp.user, "ann");
  EXPECT_EQ(options.smtp.password, "s3cret");
  EXPECT_EQ(options.smtp.ca_file, "/ca.pem");
  EXPECT_EQ(options.smtp.timeout, absl::Seconds(3));
  EXPECT_EQ(options.from, "a@example.com");
  EXPECT_EQ(options.allow_list, "@example.com");
  EXPECT_EQ(options.directory, "/mail");
}

TEST(ReadMailOptions, WhatCannotWorkStopsTheStartWithASentence) {
  const std::string smtp = "GUESTPASS_SMTP_URL", here = "smtp://127.0.0.1:25";
  EXPECT_EQ(Refusal({}), "");
  EXPECT_EQ(Refusal({{smtp, here}, {"GUESTPASS_MAIL_FROM", "no-reply@example.com"}}), "");
  const std::pair<config::Environment, std::string> cases[] = {
      {{{smtp, here}, {"GUESTPASS_MAIL_DIRECTORY", testing::TempDir()}},
       "only one of mail-directory and smtp-url"},
      {{{smtp, "mail.example.com"}}, "smtp+starttls://HOST:PORT"},
      {{{smtp, "smtp://mail.example.com:25"}}, "unguarded to mail.example.com"},
      {{{smtp, here}, {"GUESTPASS_SMTP_USER", "ann"}}, "GUESTPASS_SMTP_PASSWORD_FILE"},
      {{{smtp, here}, {"GUESTPASS_SMTP_CA_FILE", "/nowhere"}}, "/nowhere"},
      {{{smtp, here}, {"GUESTPASS_MAIL_TIMEOUT", "0s"}}, "GUESTPASS_MAIL_TIMEOUT"},
      {{{smtp, here}, {"GUESTPASS_MAIL_ALLOW_LIST", "example.com"}}, "\"example.com\""},
      {{{smtp, here}, {"GUESTPASS_MAIL_ALLOW_LIST", " , "}}, "allowed to nobody"},
      {{{"GUESTPASS_MAIL_DIRECTORY", "/nowhere"}}, "/nowhere"},
      {{{"GUESTPASS_SMTP_USER", "ann"}, {"GUESTPASS_SMTP_PASSWORD", "s3cret"}}, "smtp-url is not"},
  };
  for (const auto& [environment, said] : cases) EXPECT_THAT(Refusal(environment), HasSubstr(said));
  for (const char* from :
       {"ann", "Ann <a@example.com>", "a@b\u00fccher.example", "a@example.com\n", "a@", " a@b"}) {
    EXPECT_THAT(Refusal({{"GUESTPASS_MAIL_FROM", from}}), HasSubstr("mail-from is")) << from;
  }
}

}  // namespace
}  // namespace guestpass::mail
