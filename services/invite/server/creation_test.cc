// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/creation.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "common/mail/directory_mailer.h"
#include "common/rpc/proto_time.h"
#include "common/telemetry/log.h"
#include "services/invite/client/mail_courier.h"
#include "services/invite/server/service_fixture.h"

namespace guestpass::invite {
namespace {

constexpr absl::Duration kTick = absl::Microseconds(1);

// The mail server, as an edge of the process.
class FakeCourier : public Courier {
 public:
  std::function<absl::Status(const Invitation&)> deliver = [](const Invitation&) { return absl::OkStatus(); };

  absl::StatusOr<mail::Handover> Deliver(const Invitation& invitation) override {
    const absl::Status status = deliver(invitation);
    if (!status.ok()) return status;
    return mail::Handover::kSent;
  }
};

absl::Status MailFailed() { return Error(Reason::kEmailDeliveryFailed, "no"); }

class CreationTest : public ServiceTest {
 protected:
  absl::StatusOr<v1::CreateInviteResponse> Create(const v1::CreateInviteRequest& request) {
    return creation_.Create(admin_, request);
  }
  std::string CountInvites() { return Sql("SELECT count(*)::text FROM invites"); }

  FakeCourier courier_;
  Creation mailing_{store_, membership_, &courier_, {}};
};

TEST_F(CreationTest, WithoutMailTheAnswerHasTheSecretAndItsUrl) {
  const auto created = Create(GuestRequest("Ann@B\u00fccher.example"));
  ASSERT_TRUE(created.ok()) << created.status();
  const v1::Invite& invite = created->invite();
  EXPECT_TRUE(absl::StartsWith(invite.name(), ToName(workspace_) + "/invites/"));
  EXPECT_EQ(invite.email(), "Ann@B\u00fccher.example");
  EXPECT_EQ(invite.role(), type::v1::ROLE_GUEST);
  EXPECT_EQ(invite.channels_size(), 1);
  EXPECT_EQ(invite.guest_ttl().seconds(), 3);
  EXPECT_EQ(invite.state(), v1::Invite::STATE_PENDING);
  EXPECT_EQ(invite.delivery(), v1::Invite::DELIVERY_NOT_CONFIGURED);
  EXPECT_EQ(invite.inviter(), admin_.caller.user->user.text());
  EXPECT_EQ(invite.expire_time().seconds() - invite.create_time().seconds(), 7 * 24 * 3600);
  EXPECT_EQ(created->secret().size(), 52u);
  EXPECT_EQ(created->accept_url(), "https://chat.example.com/join#" + created->secret());
  ASSERT_EQ(membership_.drafts().size(), 1u);
  EXPECT_EQ(membership_.drafts()[0].address.folded, "ann@xn--bcher-kva.example");
}

TEST_F(CreationTest, ARoleOtherThanGuestAndATimeOfItsOwnAreKept) {
  v1::CreateInviteRequest request;
  request.set_parent(ToName(workspace_));
  request.mutable_invite()->set_email("ann@example.com");
  request.mutable_invite()->set_role(type::v1::ROLE_MEMBER);
  const absl::Time expire_time = *store_.Now() + absl::Hours(1);
  *request.mutable_invite()->mutable_expire_time() = rpc::ToProto(expire_time);
  const auto created = Create(request);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(*rpc::FromProto("t", created->invite().expire_time()), expire_time);
  EXPECT_EQ(created->invite().role(), type::v1::ROLE_MEMBER);
}

TEST_F(CreationTest, AuthorityIsJudgedBeforeTheFields) {
  v1::CreateInviteRequest request = GuestRequest("nonsense");
  for (Reason reason : {Reason::kRoleTooLow, Reason::kGuestEnded, Reason::kServiceUnavailable}) {
    membership_.check = Error(reason, "no");
    EXPECT_EQ(ReasonOf(Create(request).status()), ReasonName(reason));
  }
  for (Reason reason : {Reason::kFieldInvalid, Reason::kChannelNotFound, Reason::kMemberExists}) {
    membership_.check = Error(reason, "the draft");
    const absl::Status status = Create(request).status();
    EXPECT_EQ(ReasonOf(status), "FIELD_INVALID");
    EXPECT_EQ(FieldsOf(status), "invite.email ");
  }
  EXPECT_EQ(CountInvites(), "0");
}

TEST_F(CreationTest, OnlyTheParentIsParsedBeforeMembershipIsAsked) {
  v1::CreateInviteRequest request = GuestRequest();
  request.set_parent("workspaces/x");
  const absl::Status status = Create(request).status();
  EXPECT_EQ(ReasonOf(status), "FIELD_INVALID");
  EXPECT_EQ(FieldsOf(status), "parent ");
  EXPECT_TRUE(membership_.drafts().empty());
}

TEST_F(CreationTest, EveryBadFieldIsNamed) {
  v1::CreateInviteRequest request = GuestRequest("no address");
  request.mutable_invite()->add_channels("channels/x");
  request.mutable_invite()->add_channels(ChannelName{auth::NewId<WorkspaceId>(), channel_}.ToString());
  request.mutable_invite()->mutable_guest_ttl()->set_seconds(-1);
  *request.mutable_invite()->mutable_expire_time() = rpc::ToProto(absl::FromUnixSeconds(1));
  const absl::Status status = Create(request).status();
  EXPECT_EQ(FieldsOf(status),
            "invite.email invite.channels[1] invite.channels[2] invite.guest_ttl invite.expire_time ");
}

TEST_F(CreationTest, WhatMembershipRefusesComesThrough) {
  for (Reason reason : {Reason::kChannelNotFound, Reason::kMemberExists}) {
    membership_.check = Error(reason, "no");
    EXPECT_EQ(ReasonOf(Create(GuestRequest()).status()), ReasonName(reason));
  }
  EXPECT_EQ(CountInvites(), "0");
}

TEST_F(CreationTest, AGuestsTimeIsJudgedByMembershipsClockToTheMicrosecond) {
  v1::CreateInviteRequest request = GuestRequest();
  const absl::Time now = membership_.check->database_time;
  *request.mutable_invite()->mutable_guest_expire_time() = rpc::ToProto(now);
  const absl::Status status = Create(request).status();
  EXPECT_EQ(ReasonOf(status), "FIELD_INVALID");
  EXPECT_EQ(FieldsOf(status), "invite.guest_expire_time ");
  *request.mutable_invite()->mutable_guest_expire_time() = rpc::ToProto(now + kTick);
  EXPECT_TRUE(Create(request).ok());
}

TEST_F(CreationTest, AnAddressHasOnePendingInvite) {
  Invited();
  EXPECT_EQ(ReasonOf(Create(GuestRequest("ANN@example.com")).status()), "INVITE_PENDING_FOR_EMAIL");
  Expire();
  Invited();
  EXPECT_EQ(InviteState(), "EXPIRED PENDING");
}

TEST_F(CreationTest, FiftyThatRaceLeaveOne) {
  std::atomic<int> created = 0, pending = 0;
  std::vector<std::thread> racers;
  for (int i = 0; i < 50; ++i) {
    racers.emplace_back([&] {
      absl::Status status = absl::OkStatus();
      do status = Create(GuestRequest()).status();
      while (HasReason(status, Reason::kOverloaded));
      created += status.ok();
      pending += HasReason(status, Reason::kInvitePendingForEmail);
    });
  }
  for (std::thread& racer : racers) racer.join();
  EXPECT_EQ(created, 1);
  EXPECT_EQ(pending, 49);
}

TEST_F(CreationTest, AnInviteFromBeforeARemovalGivesWayAndIsRevoked) {
  const std::string old = Invited();
  membership_.check->rights_n = 9;
  membership_.check->removed_n = 8;
  const std::string fresh = Invited();
  EXPECT_EQ(ReasonOf(Redeem(ann_, old).status()), "INVITE_REVOKED");
  EXPECT_TRUE(Redeem(ann_, fresh).ok());
}

TEST_F(CreationTest, WithMailOnlyTheMailHasTheSecret) {
  std::string directory = testing::TempDir() + "mailXXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  const auto mailer = mail::DirectoryMailer::Open(directory);
  const PublicUrl url = *PublicUrl::Parse("https://chat.example.com");
  MailCourier courier(**mailer, url);
  const auto created =
      Creation(store_, membership_, &courier, {.public_url = url}).Create(admin_, GuestRequest());
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

TEST_F(CreationTest, AnInviteIsRedeemableAsSoonAsItsMailIsOnTheWay) {
  courier_.deliver = [&](const Invitation& invitation) {
    EXPECT_EQ(Sql("SELECT delivery FROM invites"), "SENDING");
    EXPECT_TRUE(Redeem(ann_, invitation.secret).ok());
    return absl::OkStatus();
  };
  EXPECT_TRUE(mailing_.Create(admin_, GuestRequest()).ok());
  EXPECT_EQ(InviteState(), "REDEEMED");
}

TEST_F(CreationTest, AMailThatFailsLeavesNoInvite) {
  courier_.deliver = [](const Invitation&) { return MailFailed(); };
  EXPECT_EQ(ReasonOf(mailing_.Create(admin_, GuestRequest()).status()), "EMAIL_DELIVERY_FAILED");
  EXPECT_EQ(CountInvites(), "0");
  courier_.deliver = [](const Invitation&) { return absl::OkStatus(); };
  EXPECT_TRUE(mailing_.Create(admin_, GuestRequest()).ok());
}

TEST_F(CreationTest, AMailThatFailsAfterItWasUsedTakesNothingBack) {
  courier_.deliver = [&](const Invitation& invitation) {
    EXPECT_TRUE(Redeem(ann_, invitation.secret).ok());
    return MailFailed();
  };
  EXPECT_TRUE(mailing_.Create(admin_, GuestRequest()).ok());
  EXPECT_EQ(InviteState(), "REDEEMED");
}

TEST_F(CreationTest, AMailThatWasSentButNotRecordedSoIsASuccess) {
  courier_.deliver = [&](const Invitation&) {
    Sql("ALTER TABLE invites RENAME TO gone");
    return absl::OkStatus();
  };
  const auto created = mailing_.Create(admin_, GuestRequest());
  Sql("ALTER TABLE gone RENAME TO invites");
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->invite().delivery(), v1::Invite::DELIVERY_SENDING);
  EXPECT_EQ(created->secret(), "");
}

TEST_F(CreationTest, TheSecretIsNeitherStoredNorLogged) {
  std::string logged;
  absl::Mutex mutex;
  telemetry::SetLogLevel(telemetry::Severity::kDebug);
  telemetry::SetLogSink([&](absl::string_view line) {
    absl::MutexLock lock(&mutex);
    absl::StrAppend(&logged, line);
  });
  const std::string redeemed = Invited("ann@example.com");
  const std::string pending = Invited("bob@example.com");
  EXPECT_TRUE(Redeem(ann_, redeemed).ok());
  membership_.unreachable = membership_.loses_request = true;
  EXPECT_FALSE(Redeem(bob_, pending).ok());
  Creation failing(store_, membership_, &courier_, {});
  std::string failed;
  courier_.deliver = [&](const Invitation& invitation) {
    failed = invitation.secret;
    Sql("ALTER TABLE reservations RENAME TO gone");
    return MailFailed();
  };
  EXPECT_FALSE(failing.Create(admin_, GuestRequest("cat@example.com")).ok());
  Sql("ALTER TABLE gone RENAME TO reservations");
  telemetry::SetLogSink(nullptr);
  telemetry::SetLogLevel(telemetry::Severity::kInfo);
  const std::string stored = Sql("SELECT database_to_xml(true, false, '')::text");
  EXPECT_TRUE(absl::StrContains(stored, "bob@example.com")) << "this is where it would be";
  EXPECT_TRUE(absl::StrContains(logged, "stays open")) << "and here";
  EXPECT_TRUE(absl::StrContains(logged, "could not be removed"));
  for (const std::string& secret : {redeemed, pending, failed}) {
    ASSERT_EQ(secret.size(), 52u);
    EXPECT_FALSE(absl::StrContains(stored, secret));
    EXPECT_FALSE(absl::StrContains(logged, secret));
  }
  EXPECT_FALSE(absl::StrContains(logged, "@example.com")) << "addresses neither";
}

}  // namespace
}  // namespace guestpass::invite
