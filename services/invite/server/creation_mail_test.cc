// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "common/mail/allow_list_mailer.h"
#include "common/mail/directory_mailer.h"
#include "common/mail/smtp_mailer.h"
#include "services/invite/client/mail_courier.h"
#include "services/invite/server/creation.h"
#include "services/invite/server/fake_courier.h"
#include "services/invite/server/faulty_store.h"
#include "services/invite/server/service_fixture.h"
#include "tests/harness/eventually.h"
#include "tests/harness/mail/smtp_peer.h"
#include "tests/harness/servers/places.h"

// What becomes of an invite whose mail is handed over, refused, or lost (I9).
namespace guestpass::invite {
namespace {

constexpr absl::Duration kShort = absl::Milliseconds(500);

class CreationMailTest : public ServiceTest {
 protected:
  std::string CountInvites() { return Sql("SELECT count(*)::text FROM invites"); }
  std::string CountSends() { return Sql("SELECT count(*)::text FROM sends"); }
  std::string Stands() { return Sql("SELECT state || ' ' || delivery FROM invites"); }

  absl::StatusOr<v1::CreateInviteResponse> CreateBy(std::unique_ptr<mail::Mailer> mailer,
                                                    const std::string& email) {
    MailCourier courier(*mailer, *options_.public_url);
    return Creation(store_, membership_, courier, options_).Create(admin_, GuestRequest(email));
  }

  std::unique_ptr<mail::Mailer> Smtp(int port, absl::Duration timeout = absl::Seconds(10)) const {
    return *mail::SmtpMailer::Create({.url = absl::StrCat("smtp://127.0.0.1:", port), .timeout = timeout});
  }

  FakeCourier courier_;
  Creation mailing_{store_, membership_, courier_, options_};
};

std::string SecretIn(const std::string& mail) {
  const size_t at = mail.find("/join#");
  return at == std::string::npos ? "" : mail.substr(at + 6, 52);
}

TEST_F(CreationMailTest, AnAcceptedMailIsSentAndItsLinkRedeems) {
  const auto peer = *harness::SmtpPeer::Start();
  const auto created = CreateBy(Smtp(peer->port()), "ann@example.com");
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->invite().delivery(), v1::Invite::DELIVERY_SENT);
  EXPECT_EQ(created->secret() + created->accept_url(), "");
  EXPECT_EQ(Stands(), "PENDING SENT");
  ASSERT_EQ(peer->Mails().size(), 1u);
  EXPECT_TRUE(Redeem(ann_, SecretIn(peer->Mails()[0])).ok());
}

TEST_F(CreationMailTest, ARealFailureLeavesNothingAndSaysWhetherItIsForGood) {
  const auto peer = *harness::SmtpPeer::Start();
  const auto mute = *harness::SmtpPeer::Start({.mute = true});
  struct Case {
    const char* email;
    int port;
    bool permanent;
  };
  for (const Case& c : std::vector<Case>{{"nobody@example.com", peer->port(), true},
                                         {"busy@example.com", peer->port(), false},
                                         {"spam@example.com", peer->port(), true},
                                         {"full@example.com", peer->port(), false},
                                         {"hangs@example.com", peer->port(), false},
                                         {"ann@example.com", mute->port(), false},
                                         {"ann@example.com", *harness::FreePort(), false}}) {
    const absl::Status status = CreateBy(Smtp(c.port, kShort), c.email).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << c.email;
    EXPECT_EQ(status, mail::DeliveryFailed(c.permanent)) << c.email;
    EXPECT_EQ(CountInvites() + CountSends(), "00") << c.email;
  }
}

TEST_F(CreationMailTest, SilenceAfterTheMailIsUnknownAndTheInviteStaysAndCounts) {
  const auto peer = *harness::SmtpPeer::Start();
  for (const char* email : {"silent@example.com", "dropped@example.com"}) {
    const auto created = CreateBy(Smtp(peer->port(), kShort), email);
    ASSERT_TRUE(created.ok()) << created.status();
    EXPECT_EQ(created->invite().delivery(), v1::Invite::DELIVERY_UNKNOWN) << email;
    EXPECT_EQ(created->secret(), "") << "the mail may have it";
  }
  EXPECT_EQ(Sql("SELECT string_agg(state || delivery, ' ') FROM invites"), "PENDINGUNKNOWN PENDINGUNKNOWN");
  EXPECT_EQ(CountSends(), "2");
  ASSERT_EQ(peer->Mails().size(), 2u);
  EXPECT_TRUE(Redeem(NewUser("silent@example.com"), SecretIn(peer->Mails()[0])).ok());
}

TEST_F(CreationMailTest, WhoIsNotOnTheListOfADevelopmentSetUpIsNotWrittenTo) {
  const auto peer = *harness::SmtpPeer::Start();
  auto mailer = mail::AllowListMailer::Create(Smtp(peer->port()), {"@example.org"});
  ASSERT_TRUE(mailer.ok()) << mailer.status();
  const auto created = CreateBy(*std::move(mailer), "ann@example.com");
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->invite().delivery(), v1::Invite::DELIVERY_DEV_RESTRICTED);
  EXPECT_EQ(created->accept_url(), "https://chat.example.com/join#" + created->secret());
  EXPECT_EQ(Stands() + CountSends(), "PENDING DEV_RESTRICTED1");
  EXPECT_TRUE(peer->Mails().empty());
  EXPECT_TRUE(Redeem(ann_, created->secret()).ok());
}

TEST_F(CreationMailTest, NoTransactionIsOpenWhileTheMailIsHandedOver) {
  const auto peer = *harness::SmtpPeer::Start();
  std::thread caller(
      [&] { EXPECT_FALSE(CreateBy(Smtp(peer->port(), absl::Seconds(2)), "hangs@example.com").ok()); });
  EXPECT_TRUE(harness::Eventually(absl::Seconds(10), [&] {
    const auto commands = peer->Commands();
    return !commands.empty() && absl::StartsWith(commands.back(), "RCPT");
  }));
  EXPECT_EQ(Sql("SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() "
                "AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"),
            "0");
  EXPECT_EQ(Stands(), "PENDING SENDING");
  caller.join();
  EXPECT_EQ(CountInvites(), "0");
}

TEST_F(CreationMailTest, AServiceThatDiesOnTheWayLeavesAnInviteThatIsUnknownAndRedeems) {
  FaultyStore mortal(store_);
  Creation dying(mortal, membership_, courier_, options_);
  for (const bool is_refused : {false, true}) {
    mortal.refuses = 0;
    courier_.deliver = [&](const Invitation&) -> FakeCourier::Outcome {
      mortal.refuses = FaultyStore::kAlways;
      if (is_refused) return FakeCourier::Refused();
      return mail::Handover::kSent;
    };
    const std::string email = is_refused ? "bob@example.com" : "ann@example.com";
    EXPECT_EQ(ReasonOf(dying.Create(admin_, GuestRequest(email)).status()),
              is_refused ? "OUTCOME_UNKNOWN" : "OK");
    EXPECT_EQ(*upkeep_.EndLeases(10), 0) << "it may still be under way";
    Sql("UPDATE invites SET lease_us = now_us() - 1 WHERE lease_us IS NOT NULL RETURNING id");
    EXPECT_EQ(*upkeep_.EndLeases(10), 1);
    EXPECT_EQ(Sql("SELECT DISTINCT state || ' ' || delivery FROM invites WHERE email = '" + email + "'"),
              "PENDING UNKNOWN");
    EXPECT_TRUE(Redeem(is_refused ? bob_ : ann_, courier_.got().back().secret).ok());
  }
}

TEST_F(CreationMailTest, TheLeaseIsAsLongAsAConversationMayTake) {
  courier_.deliver = [&](const Invitation&) -> FakeCourier::Outcome {
    EXPECT_EQ(Sql("SELECT (lease_us - create_us)::text FROM invites"),
              absl::StrCat(absl::ToInt64Microseconds(DeliveryLease(options_.mail_timeout))));
    return mail::Handover::kSent;
  };
  EXPECT_TRUE(mailing_.Create(admin_, GuestRequest()).ok());
  EXPECT_GT(DeliveryLease(options_.mail_timeout), 2 * options_.mail_timeout);
}

TEST_F(CreationMailTest, WithMailOnlyTheMailHasTheSecret) {
  std::string directory = testing::TempDir() + "mailXXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  const auto mailer = mail::DirectoryMailer::Open(directory);
  const PublicUrl url = *PublicUrl::Parse("https://chat.example.com");
  MailCourier courier(**mailer, url);
  const auto created =
      Creation(store_, membership_, courier, {.public_url = url}).Create(admin_, GuestRequest());
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->invite().delivery(), v1::Invite::DELIVERY_SENT);
  EXPECT_EQ(Sql("SELECT delivery FROM invites"), "SENT");
  EXPECT_EQ(created->secret(), "");
  EXPECT_EQ(created->accept_url(), "");
  std::stringstream content;
  for (const auto& file : std::filesystem::directory_iterator(directory))
    content << std::ifstream(file.path()).rdbuf();
  const std::string mail = content.str();
  EXPECT_TRUE(absl::StrContains(mail, "\r\nTo: ann@example.com\r\n"));
  EXPECT_FALSE(absl::StrContains(mail, channel_.text()));
  const size_t at = mail.find("/join#");
  ASSERT_NE(at, std::string::npos);
  EXPECT_TRUE(Redeem(ann_, mail.substr(at + 6, 52)).ok());
  std::filesystem::remove_all(directory);
}

TEST_F(CreationMailTest, AnInviteIsRedeemableAsSoonAsItsMailIsOnTheWay) {
  courier_.deliver = [&](const Invitation& invitation) {
    EXPECT_EQ(Sql("SELECT delivery FROM invites"), "SENDING");
    EXPECT_TRUE(Redeem(ann_, invitation.secret).ok());
    return mail::Handover::kSent;
  };
  EXPECT_TRUE(mailing_.Create(admin_, GuestRequest()).ok());
  EXPECT_EQ(InviteState(), "REDEEMED");
}

TEST_F(CreationMailTest, AMailThatFailsLeavesNoInvite) {
  courier_.deliver = [](const Invitation&) { return FakeCourier::Refused(); };
  const absl::Status failed = mailing_.Create(admin_, GuestRequest()).status();
  EXPECT_EQ(failed, FakeCourier::Refused()) << "permanent where it was";
  EXPECT_EQ(CountInvites(), "0");
  EXPECT_EQ(Sql("SELECT count(*)::text FROM sends"), "0") << "it does not count";
  courier_.deliver = [](const Invitation&) { return mail::Handover::kSent; };
  EXPECT_TRUE(mailing_.Create(admin_, GuestRequest()).ok());
}

TEST_F(CreationMailTest, AMailThatFailsAfterItWasUsedTakesNothingBack) {
  courier_.deliver = [&](const Invitation& invitation) {
    EXPECT_TRUE(Redeem(ann_, invitation.secret).ok());
    return FakeCourier::Refused();
  };
  EXPECT_TRUE(mailing_.Create(admin_, GuestRequest()).ok());
  EXPECT_EQ(InviteState(), "REDEEMED");
}

TEST_F(CreationMailTest, AMailThatWasSentButNotRecordedSoIsASuccess) {
  courier_.deliver = [&](const Invitation&) {
    Sql("ALTER TABLE invites RENAME TO gone");
    return mail::Handover::kSent;
  };
  const auto created = mailing_.Create(admin_, GuestRequest());
  Sql("ALTER TABLE gone RENAME TO invites");
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->invite().delivery(), v1::Invite::DELIVERY_SENDING);
  EXPECT_EQ(created->secret(), "");
}

TEST_F(CreationMailTest, ACommitWhoseAnswerIsLostGoesOnToItsMail) {
  FaultyStore faulty(store_);
  Creation creation(faulty, membership_, courier_, options_);
  faulty.loses = faulty.skips = 1;  // looking for an answer comes first
  v1::CreateInviteRequest request = GuestRequest();
  request.set_request_id("once");
  const auto created = creation.Create(admin_, request);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->invite().delivery(), v1::Invite::DELIVERY_SENT);
  EXPECT_EQ(courier_.got().size(), 1u);
  faulty.loses = faulty.skips = 1;
  request.mutable_invite()->mutable_link();
  request.set_request_id("another");
  EXPECT_NE(creation.Create(admin_, request)->secret(), "") << "it is its own answer that is kept";
}

TEST_F(CreationMailTest, ARefusedMailsInviteIsTakenBackOnceTheDatabaseAnswersAgain) {
  FaultyStore faulty(store_);
  Creation creation(faulty, membership_, courier_, options_);
  for (const bool is_done : {false, true}) {
    courier_.deliver = [&](const Invitation&) {
      (is_done ? faulty.loses : faulty.refuses) = 2;
      return FakeCourier::Refused();
    };
    EXPECT_EQ(creation.Create(admin_, GuestRequest()).status(), FakeCourier::Refused());
    EXPECT_EQ(CountInvites() + CountSends(), "00");
    faulty.loses = 0;
  }
}

TEST_F(CreationMailTest, AnInviteWhoseTimeComesWhileItsMailIsRefusedIsTakenBack) {
  courier_.deliver = [&](const Invitation&) {
    Expire();
    EXPECT_EQ(*upkeep_.MarkExpired(10), 0) << "not while it is in delivery";
    Sql("UPDATE invites SET state = 'EXPIRED', end_us = now_us() RETURNING id");  // as a newer one does
    return FakeCourier::Refused();
  };
  EXPECT_EQ(mailing_.Create(admin_, GuestRequest()).status(), FakeCourier::Refused());
  EXPECT_EQ(CountInvites() + CountSends(), "00");
}

}  // namespace
}  // namespace guestpass::invite
