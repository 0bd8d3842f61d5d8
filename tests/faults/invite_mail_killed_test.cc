// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <future>
#include <memory>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/faults/armed_stack.h"
#include "tests/harness/eventually.h"
#include "tests/harness/mail/smtp_peer.h"

namespace guestpass::faults {
namespace {

using harness::Client;
using harness::Eventually;
using invite::v1::InviteService;
using Stub = InviteService::Stub;

enum class Way { kCreate, kBatch, kResend };

// Where the service dies while it mails an invite.
struct Death {
  Way way;
  const char* user;      // who is invited; smtp_peer.py says what befalls its mail
  const char* point;     // the step; "": while the mail server does not answer
  int mails;             // in the user's mailbox, in the end
  const char* delivery;  // in the end; "": there is no invite
};

constexpr Death kFirst[] = {
    {Way::kCreate, "ann", "send.stored", 0, "UNKNOWN"},
    {Way::kCreate, "bea", "send.handed_over", 1, "UNKNOWN"},
    {Way::kCreate, "cleo", "send.recorded", 1, "SENT"},
    {Way::kCreate, "nobody", "send.refused", 0, "UNKNOWN"},
    {Way::kCreate, "sulks", "send.stored", 0, "UNKNOWN"},
    {Way::kCreate, "busy", "send.taken_back", 0, ""},
    {Way::kCreate, "hangs", "", 0, "UNKNOWN"},
    {Way::kCreate, "silent", "", 1, "UNKNOWN"},
    {Way::kBatch, "dora", "queue.taken", 0, "UNKNOWN"},
    {Way::kBatch, "elsa", "queue.handed_over", 1, "UNKNOWN"},
};

constexpr const char* kMailedBefore[] = {"fay", "gwen", "hope"};
constexpr Death kAgain[] = {
    {Way::kResend, "fay", "send.stored", 1, "UNKNOWN"},
    {Way::kResend, "gwen", "send.handed_over", 2, "UNKNOWN"},
    {Way::kResend, "hope", "send.recorded", 2, "SENT"},
    {Way::kResend, "nobody", "send.refused", 0, "UNKNOWN"},
    {Way::kResend, "sulks", "send.taken_back", 0, "UNKNOWN"},
    {Way::kResend, "hangs", "", 0, "UNKNOWN"},
    {Way::kResend, "silent", "", 2, "UNKNOWN"},
};

constexpr char kInviteOf[] = "SELECT workspace, id, state, delivery FROM invites WHERE email = $1";
constexpr char kUnderWay[] = "SELECT count(*) FROM invites WHERE delivery = 'SENDING'";
constexpr char kAMinuteLater[] = "UPDATE sends SET at_us = at_us - 61000000";

struct Row {
  std::string name, state, delivery;
};

std::string AddressOf(absl::string_view user) { return absl::StrCat(user, "@example.com"); }

class InviteMailKilled : public testing::Test {
 protected:
  void SetUp() override {
    auto peer = harness::SmtpPeer::Start();
    ASSERT_TRUE(peer.ok()) << peer.status();
    peer_ = *std::move(peer);
    auto armed = ArmedStack::Start({{"GUESTPASS_MAIL_DIRECTORY", ""},
                                    {"GUESTPASS_SMTP_URL", absl::StrCat("smtp://127.0.0.1:", peer_->port())},
                                    {"GUESTPASS_MAIL_TIMEOUT", "2s"}});
    ASSERT_TRUE(armed.ok()) << armed.status();
    armed_ = *std::move(armed);
    auto place = harness::MakeWorkplace(armed_->stack());
    ASSERT_TRUE(place.ok()) << place.status();
    place_ = *std::move(place);
    olga_ = std::make_shared<const Client>(armed_->stack().User("olga"));
  }

  invite::v1::CreateInviteRequest Asking(absl::string_view user) const {
    invite::v1::CreateInviteRequest request;
    request.set_parent(place_.workspace);
    request.mutable_invite()->set_email(AddressOf(user));
    request.mutable_invite()->set_role(type::v1::ROLE_GUEST);
    request.mutable_invite()->add_channels(place_.open_channel);
    return request;
  }

  absl::Status Create(absl::string_view user) {
    return olga_->Call(&Stub::CreateInvite, Asking(user), kPatience).status();
  }

  absl::Status CreateBatch(absl::string_view user) {
    invite::v1::BatchCreateInvitesRequest request;
    request.set_parent(place_.workspace);
    *request.add_requests() = Asking(user);
    request.mutable_requests(0)->clear_parent();
    return olga_->Call(&Stub::BatchCreateInvites, request, kPatience).status();
  }

  absl::Status Resend(const std::string& name) {
    invite::v1::ResendInviteRequest request;
    request.set_name(name);
    return olga_->Call(&Stub::ResendInvite, request, kPatience).status();
  }

  // What the database has of the user's invite.
  Row RowOf(absl::string_view user) {
    const auto found = armed_->invites().Run(kInviteOf, postgres::Params::Of(AddressOf(user)));
    EXPECT_TRUE(found.ok()) << found.status();
    if (!found.ok() || found->rows() == 0) return {};
    EXPECT_EQ(found->rows(), 1) << user;
    return {absl::StrCat("workspaces/", found->Text(0, 0), "/invites/", found->Text(0, 1)),
            std::string(found->Text(0, 2)), std::string(found->Text(0, 3))};
  }

  // The secrets in the user's mails, the oldest first.
  std::vector<std::string> SecretsOf(absl::string_view user) const {
    static const std::regex link("/join#([a-z2-7]{52})");
    const std::string recipient = absl::StrCat("\r\nTo: ", AddressOf(user), "\r\n");
    std::vector<std::string> secrets;
    for (const std::string& mail : peer_->Mails()) {
      std::smatch match;
      if (!absl::StrContains(mail, recipient) || !std::regex_search(mail, match, link)) continue;
      secrets.push_back(match[1]);
    }
    return secrets;
  }

  // Whether the mail server has been told for whom a mail is, and all of it where that is to come.
  bool MailServerWaits(const Death& death, size_t mails_before) const {
    if (death.mails > 0) return SecretsOf(death.user).size() > mails_before;
    const std::vector<std::string> said = peer_->Commands();
    return !said.empty() && said.back() == absl::StrCat("RCPT ", AddressOf(death.user));
  }

  void Die(const Death& death) {
    SCOPED_TRACE(absl::StrCat(death.user, " ", death.point));
    const bool by_itself = death.point[0] != '\0';
    const size_t mails_before = SecretsOf(death.user).size();
    if (by_itself) armed_->Kill(death.point, "");
    const std::string name = RowOf(death.user).name;
    auto asked = std::async(std::launch::async, [&] {
      if (death.way == Way::kResend) return Resend(name);
      return death.way == Way::kCreate ? Create(death.user) : CreateBatch(death.user);
    });
    harness::ServiceProcess& service = armed_->stack().service("invite");
    if (by_itself) {
      EXPECT_EQ(service.WaitForExit(kPatience), 128 + SIGKILL);
    } else {
      EXPECT_TRUE(Eventually(kPatience, [&] { return MailServerWaits(death, mails_before); }));
      service.Kill();
    }
    const absl::Status status = asked.get();
    EXPECT_TRUE(absl::IsUnavailable(status) || death.way == Way::kBatch) << status;
    armed_->ReleaseAll();
    const absl::Status back = service.Restart();
    ASSERT_TRUE(back.ok()) << back;
  }

  void AwaitOutcomes() {
    EXPECT_TRUE(Eventually(kAMinute, [&] {
      const auto left = armed_->invites().Run(kUnderWay);
      return left.ok() && left->Int64(0, 0) == 0;
    })) << "the lease of each ends";
  }

  void ExpectOutcome(const Death& death) {
    SCOPED_TRACE(absl::StrCat(death.user, " ", death.point));
    const Row row = RowOf(death.user);
    EXPECT_EQ(row.delivery, death.delivery);
    EXPECT_EQ(row.state, row.name.empty() ? "" : "PENDING");
    const std::vector<std::string> secrets = SecretsOf(death.user);
    EXPECT_EQ(secrets.size(), death.mails);
    for (const std::string& secret : secrets) {
      invite::v1::PreviewInviteRequest request;
      request.set_secret(secret);
      const auto looked = armed_->stack().User(death.user).Call(&Stub::PreviewInvite, request);
      EXPECT_TRUE(looked.ok()) << "a dead link in a mailbox: " << looked.status();
    }
  }

  void ExpectToJoinByTheLastMail(const std::string& user) {
    const std::vector<std::string> secrets = SecretsOf(user);
    ASSERT_FALSE(secrets.empty()) << user;
    const absl::Status joined = armed_->Redeem(user, secrets.back()).get();
    EXPECT_TRUE(joined.ok()) << user << " " << joined;
  }

  std::unique_ptr<harness::SmtpPeer> peer_;
  std::unique_ptr<ArmedStack> armed_;
  harness::Workplace place_;
  std::shared_ptr<const Client> olga_;
};

TEST_F(InviteMailKilled, WhereverItDiesEachMailThatArrivedWorksAndItsInviteIsUnknownOrSent) {
  for (const char* user : kMailedBefore) ASSERT_TRUE(Create(user).ok()) << user;
  for (const Death& death : kFirst) Die(death);
  AwaitOutcomes();
  for (const Death& death : kFirst) ExpectOutcome(death);

  ASSERT_TRUE(armed_->invites().Script(kAMinuteLater).ok());
  for (const Death& death : kAgain) Die(death);
  AwaitOutcomes();
  for (const Death& death : kAgain) ExpectOutcome(death);

  for (const char* user : {"bea", "cleo", "elsa", "fay", "gwen", "hope", "silent"}) {
    ExpectToJoinByTheLastMail(user);
  }
  // What is unknown can be sent again, and revoked.
  ASSERT_TRUE(armed_->invites().Script(kAMinuteLater).ok());
  const absl::Status resent = Resend(RowOf("ann").name);
  EXPECT_TRUE(resent.ok()) << resent;
  ExpectToJoinByTheLastMail("ann");
  const auto revoked = armed_->RevokeInsisting(RowOf("hangs").name);
  EXPECT_TRUE(revoked.ok()) << revoked.status();
  armed_->ExpectSettled();
}

}  // namespace
}  // namespace guestpass::faults
