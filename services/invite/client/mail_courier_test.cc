// SPDX-License-Identifier: Apache-2.0
#include "services/invite/client/mail_courier.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

namespace guestpass::invite {
namespace {

Invitation ToAnn() {
  return {.invite = {*WorkspaceId::Parse("wwwwwwwwwwwwwwwwwwwwwwwwww"),
                     *InviteId::Parse("iiiiiiiiiiiiiiiiiiiiiiiiii")},
          .mailbox = "Ann@example.com",
          .secret = "s3cret",
          .workspace_display_name = "Acme & Sons",
          .create_time = absl::FromUnixSeconds(1'800'000'000),
          .expire_time = absl::FromUnixSeconds(1'800'000'000) + absl::Hours(168)};
}

size_t Count(absl::string_view text, absl::string_view what) {
  return std::vector<absl::string_view>(absl::StrSplit(text, what)).size() - 1;
}

const PublicUrl kUrl = *PublicUrl::Parse("https://chat.example.com");

TEST(MailOf, HasOneLinkInEachPartAndTheTimeUntilWhich) {
  const mail::Message message = MailOf(ToAnn(), kUrl);
  EXPECT_EQ(message.to, "Ann@example.com");
  EXPECT_EQ(message.from, "no-reply@chat.example.com");
  EXPECT_EQ(message.message_id, "iiiiiiiiiiiiiiiiiiiiiiiiii.1@chat.example.com");
  for (const std::string& part : {message.text, message.html}) {
    EXPECT_EQ(Count(part, "://"), 1u) << part;
    EXPECT_TRUE(absl::StrContains(part, "https://chat.example.com/join#s3cret")) << part;
    EXPECT_TRUE(absl::StrContains(part, "2027-01-22 08:00 UTC")) << part;
  }
  EXPECT_TRUE(absl::StrContains(message.text, "\"Acme & Sons\""));
  EXPECT_TRUE(absl::StrContains(message.html, "&quot;Acme &amp; Sons&quot;"));
}

TEST(MailOf, ANameIsNeitherALinkNorMarkupNorInTheSubject) {
  Invitation invitation = ToAnn();
  const std::string subject = MailOf(invitation, kUrl).subject;
  invitation.workspace_display_name = "<a href='http://evil.example/$0$1'>evil.example</a>";
  const mail::Message message = MailOf(invitation, kUrl);
  EXPECT_EQ(message.subject, subject);
  for (const std::string& part : {message.text, message.html}) {
    EXPECT_FALSE(absl::StrContains(part, "evil.example")) << part;
    EXPECT_FALSE(absl::StrContains(part, "http://")) << part;
    EXPECT_EQ(Count(part, "s3cret"), 1u) << part;
  }
  EXPECT_EQ(Count(message.html, "<a "), 1u);
}

TEST(MailOf, OnlyTheSameMailHasTheSameMessageId) {
  Invitation invitation = ToAnn();
  EXPECT_EQ(MailOf(invitation, kUrl).message_id, MailOf(ToAnn(), kUrl).message_id);
  invitation.generation = 2;
  EXPECT_EQ(MailOf(invitation, kUrl).message_id, "iiiiiiiiiiiiiiiiiiiiiiiiii.2@chat.example.com");
}

TEST(MailOf, ComesFromWhomTheOperatorNames) {
  EXPECT_EQ(MailOf(ToAnn(), kUrl, "chat@example.org").from, "chat@example.org");
}

// A mail server, as an edge of the process.
class FakeMailer : public mail::Mailer {
 public:
  absl::StatusOr<mail::Handover> answer = mail::Handover::kSent;
  mail::Message sent;

  absl::StatusOr<mail::Handover> Send(const mail::Message& message) override {
    sent = message;
    return answer;
  }
};

TEST(MailCourier, SaysWhatBecameOfTheMail) {
  FakeMailer mailer;
  MailCourier courier(mailer, kUrl, "chat@example.org");
  for (const mail::Handover handover : {mail::Handover::kSent, mail::Handover::kNotConfigured,
                                        mail::Handover::kDevRestricted, mail::Handover::kUnknown}) {
    mailer.answer = handover;
    EXPECT_EQ(*courier.Deliver(ToAnn()), handover);
  }
  EXPECT_EQ(mailer.sent.from, "chat@example.org");
  EXPECT_EQ(mailer.sent.message_id, MailOf(ToAnn(), kUrl).message_id);
  mailer.answer = mail::DeliveryFailed(true);
  EXPECT_EQ(courier.Deliver(ToAnn()).status(), mail::DeliveryFailed(true));
}

TEST(MailOf, SaysThatAProgramSentIt) {
  const absl::StatusOr<std::string> composed = mail::Compose(MailOf(ToAnn(), kUrl));
  ASSERT_TRUE(composed.ok()) << composed.status();
  EXPECT_TRUE(absl::StrContains(*composed, "\r\nAuto-Submitted: auto-generated\r\n"));
  EXPECT_TRUE(absl::StrContains(*composed, "\r\nSubject: You have been invited to a workspace\r\n"));
  EXPECT_TRUE(absl::StrContains(*composed, "text/plain")) << *composed;
  EXPECT_TRUE(absl::StrContains(*composed, "text/html")) << *composed;
}

}  // namespace
}  // namespace guestpass::invite
