// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/creation.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "common/rpc/proto_time.h"
#include "common/telemetry/log.h"
#include "services/invite/server/fake_courier.h"
#include "services/invite/server/service_fixture.h"

namespace guestpass::invite {
namespace {

constexpr absl::Duration kTick = absl::Microseconds(1);

class CreationTest : public ServiceTest {
 protected:
  absl::StatusOr<v1::CreateInviteResponse> Create(const v1::CreateInviteRequest& request) {
    return creation_.Create(admin_, request);
  }
  std::string CountInvites() { return Sql("SELECT count(*)::text FROM invites"); }

  FakeCourier courier_;
  Creation mailing_{store_, membership_, courier_, options_};
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

// Each cause with all those of I7 behind it, which then are taken away one by one.
TEST_F(CreationTest, TheFirstCauseInTheOrderIsTold) {
  Creation tight(store_, membership_, courier_, {.limits = {.per_inviter_and_hour = 1}});
  courier_.deliver = [](const Invitation&) { return FakeCourier::Refused(); };
  const std::string pending = Invited();
  v1::CreateInviteRequest request = GuestRequest();
  request.mutable_invite()->clear_channels();
  membership_.check = Error(Reason::kRoleTooLow, "no");
  EXPECT_EQ(ReasonOf(tight.Create(admin_, request).status()), "ROLE_TOO_LOW");
  membership_.check = Error(Reason::kGuestLimitReached, "no");
  EXPECT_EQ(ReasonOf(tight.Create(admin_, request).status()), "FIELD_INVALID");
  for (Reason reason : {Reason::kChannelNotFound, Reason::kChannelArchived, Reason::kGuestLifetimeExceeded,
                        Reason::kEmailDomainNotAllowed, Reason::kMemberExists, Reason::kGuestLimitReached}) {
    membership_.check = Error(reason, "no");
    EXPECT_EQ(ReasonOf(tight.Create(admin_, GuestRequest()).status()), ReasonName(reason));
  }
  membership_.check = InviteCheck{.rights_n = 7};
  EXPECT_EQ(ReasonOf(tight.Create(admin_, GuestRequest()).status()), "INVITE_RATE_LIMITED");
  EXPECT_EQ(ReasonOf(mailing_.Create(admin_, GuestRequest()).status()), "INVITE_PENDING_FOR_EMAIL");
  EXPECT_TRUE(courier_.got().empty());
  Expire();
  EXPECT_EQ(ReasonOf(mailing_.Create(admin_, GuestRequest()).status()), "EMAIL_DELIVERY_FAILED");
}

TEST_F(CreationTest, ALinkIsNotMailedAndAnsweredWithItsSecret) {
  v1::CreateInviteRequest request = GuestRequest();
  request.mutable_invite()->mutable_link()->set_max_uses(3);
  const auto created = mailing_.Create(admin_, request);
  ASSERT_TRUE(created.ok()) << created.status();
  EXPECT_EQ(created->invite().email(), "");
  EXPECT_EQ(created->invite().link().max_uses(), 3);
  EXPECT_EQ(created->invite().link().used(), 0);
  EXPECT_EQ(created->invite().delivery(), v1::Invite::DELIVERY_NOT_MAILED);
  EXPECT_EQ(created->accept_url(), "https://chat.example.com/join#" + created->secret());
  EXPECT_TRUE(courier_.got().empty());
  EXPECT_TRUE(Redeem(bob_, created->secret()).ok());
  request.mutable_invite()->mutable_link()->clear_max_uses();
  request.mutable_invite()->mutable_link()->set_unlimited_uses(true);
  const auto unlimited = mailing_.Create(admin_, request);
  ASSERT_TRUE(unlimited.ok()) << unlimited.status();
  EXPECT_TRUE(unlimited->invite().link().unlimited_uses());
  EXPECT_EQ(unlimited->invite().link().max_uses(), 0);
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
  std::string failed;
  courier_.deliver = [&](const Invitation& invitation) {
    failed = invitation.secret;
    Sql("ALTER TABLE reservations RENAME TO gone");
    return FakeCourier::Refused();
  };
  EXPECT_FALSE(mailing_.Create(admin_, GuestRequest("cat@example.com")).ok());
  Sql("ALTER TABLE gone RENAME TO reservations");
  telemetry::SetLogSink(nullptr);
  telemetry::SetLogLevel(telemetry::Severity::kInfo);
  const std::string stored = Sql("SELECT database_to_xml(true, false, '')::text");
  EXPECT_TRUE(absl::StrContains(stored, "bob@example.com")) << "this is where it would be";
  EXPECT_TRUE(absl::StrContains(logged, "stays open")) << "and here";
  EXPECT_TRUE(absl::StrContains(logged, "could not be taken back"));
  for (const std::string& secret : {redeemed, pending, failed}) {
    ASSERT_EQ(secret.size(), 52u);
    EXPECT_FALSE(absl::StrContains(stored, secret));
    EXPECT_FALSE(absl::StrContains(logged, secret));
  }
  EXPECT_FALSE(absl::StrContains(logged, "@example.com")) << "addresses neither";
}

}  // namespace
}  // namespace guestpass::invite
