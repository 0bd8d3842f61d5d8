// SPDX-License-Identifier: Apache-2.0
#include "services/invite/storage/postgres/pg_invite_store.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/auth/random.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "gtest/gtest.h"
#include "services/invite/storage/postgres/invite_migrations.h"
#include "tests/harness/servers/test_database.h"

// The conformance suite of InviteStore.
namespace guestpass::invite {
namespace {

const UserId kAnn = auth::NewId<UserId>();
const UserId kBob = auth::NewId<UserId>();

class PgInviteStoreTest : public testing::Test {
 protected:
  Invite NewInvite(absl::string_view email = "ann@example.com") {
    const absl::Time now = *store_.Now();
    return {.name = {workspace_, auth::NewId<InviteId>()},
            .address = *mail::ParseAddress(email),
            .role = rights::Role::kGuest,
            .channels = {auth::NewId<ChannelId>(), auth::NewId<ChannelId>()},
            .guest_expiry = absl::Seconds(3),
            .inviter = kBob,
            .rights_n = 7,
            .check_time = now - absl::Seconds(1),
            .delivery = Delivery::kSending,
            .expire_time = now + absl::Hours(1),
            .create_time = now};
  }

  static std::string HashOf(const Invite& invite) { return auth::Sha256(invite.name.invite.text()); }

  absl::Status Create(const Invite& invite, uint64_t removed_n = 0) {
    return store_.Transact([&](InviteTx& tx) -> absl::Status {
      RETURN_IF_ERROR(tx.EndStale(invite.name.workspace, invite.address.folded, removed_n));
      return tx.Insert(invite, HashOf(invite));
    });
  }

  absl::StatusOr<Invite> Get(const Invite& invite) {
    absl::StatusOr<Invite> got = absl::UnknownError("not read");
    const absl::Status status = store_.Transact([&](InviteTx& tx) -> absl::Status {
      got = tx.GetBySecret(HashOf(invite));
      return got.status();
    });
    if (!status.ok()) return status;
    return got;
  }

  std::optional<Reservation> Open(const Invite& invite) {
    std::optional<Reservation> open;
    EXPECT_TRUE(store_
                    .Transact([&](InviteTx& tx) -> absl::Status {
                      ASSIGN_OR_RETURN(open, tx.OpenReservation(invite.name));
                      return absl::OkStatus();
                    })
                    .ok());
    return open;
  }

  // Reserves unless somebody has.
  absl::StatusOr<Reservation> Reserve(const Invite& invite, const UserId& user) {
    Reservation reservation;
    RETURN_IF_ERROR(store_.Transact([&](InviteTx& tx) -> absl::Status {
      RETURN_IF_ERROR(tx.GetBySecret(HashOf(invite)).status());
      ASSIGN_OR_RETURN(const auto open, tx.OpenReservation(invite.name));
      if (open.has_value()) return absl::AbortedError("taken");
      reservation = {
          .join_key = auth::NewSecret(), .invite = invite.name, .user = user, .create_time = tx.Now()};
      return tx.Reserve(reservation);
    }));
    return reservation;
  }

  absl::Status Settle(const Reservation& reservation, bool joined) {
    return store_.Transact([&](InviteTx& tx) { return tx.Settle(reservation, joined); });
  }

  bool Remove(const Invite& invite) {
    bool removed = false;
    EXPECT_TRUE(store_
                    .Transact([&](InviteTx& tx) -> absl::Status {
                      ASSIGN_OR_RETURN(removed, tx.RemoveUndelivered(invite.name));
                      return absl::OkStatus();
                    })
                    .ok());
    return removed;
  }

  harness::TestDatabase database_{InviteMigrations()};
  postgres::Pool pool_{database_.options(16)};
  PgInviteStore store_{pool_};
  const WorkspaceId workspace_ = auth::NewId<WorkspaceId>();
};

TEST_F(PgInviteStoreTest, AnInviteComesBackAsItWasStored) {
  for (const GuestExpiry& expiry : {GuestExpiry(), GuestExpiry(absl::FromUnixMicros(1'900'000'000'000'001)),
                                    GuestExpiry(absl::Microseconds(1))}) {
    Invite invite = NewInvite(absl::StrCat("Ann", expiry.index(), "@B\u00fccher.example"));
    invite.guest_expiry = expiry;
    ASSERT_TRUE(Create(invite).ok());
    const auto got = Get(invite);
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_EQ(got->name, invite.name);
    EXPECT_EQ(got->address, invite.address);
    EXPECT_EQ(got->role, invite.role);
    EXPECT_EQ(got->channels, invite.channels);
    EXPECT_EQ(got->guest_expiry, invite.guest_expiry);
    EXPECT_EQ(got->inviter, invite.inviter);
    EXPECT_EQ(got->rights_n, invite.rights_n);
    EXPECT_EQ(got->check_time, invite.check_time);
    EXPECT_EQ(got->state, State::kPending);
    EXPECT_EQ(got->delivery, Delivery::kSending);
    EXPECT_EQ(got->expire_time, invite.expire_time);
    EXPECT_EQ(got->create_time, invite.create_time);
    EXPECT_TRUE(got->redeemed_by.empty());
  }
}

TEST_F(PgInviteStoreTest, EveryRoleIsKept) {
  for (rights::Role role :
       {rights::Role::kAdmin, rights::Role::kMember, rights::Role::kViewer, rights::Role::kGuest}) {
    Invite invite = NewInvite(absl::StrCat("r", static_cast<int>(role), "@example.com"));
    invite.role = role;
    ASSERT_TRUE(Create(invite).ok());
    EXPECT_EQ(Get(invite)->role, role);
  }
}

TEST_F(PgInviteStoreTest, AnUnknownSecretIsNotFound) {
  EXPECT_TRUE(HasReason(Get(NewInvite()).status(), Reason::kInviteNotFound));
}

TEST_F(PgInviteStoreTest, OneAddressHasOnePendingInviteToAWorkspace) {
  const Invite first = NewInvite();
  ASSERT_TRUE(Create(first).ok());
  EXPECT_TRUE(HasReason(Create(NewInvite("Ann@EXAMPLE.com")), Reason::kInvitePendingForEmail));
  EXPECT_TRUE(Create(NewInvite("bob@example.com")).ok());
  Invite elsewhere = NewInvite();
  elsewhere.name.workspace = auth::NewId<WorkspaceId>();
  EXPECT_TRUE(Create(elsewhere).ok());
}

TEST_F(PgInviteStoreTest, FiftyRacingCreatesLeaveOneAlsoWhereAnExpiredOneStands) {
  Invite expired = NewInvite();
  expired.expire_time = *store_.Now() - absl::Seconds(1);
  ASSERT_TRUE(Create(expired).ok());
  std::atomic<int> created = 0, pending = 0;
  std::vector<std::thread> racers;
  for (int i = 0; i < 50; ++i) {
    racers.emplace_back([&] {
      absl::Status status = absl::OkStatus();
      do status = Create(NewInvite());
      while (HasReason(status, Reason::kOverloaded));
      created += status.ok();
      pending += HasReason(status, Reason::kInvitePendingForEmail);
    });
  }
  for (std::thread& racer : racers) racer.join();
  EXPECT_EQ(created, 1);
  EXPECT_EQ(pending, 49);
  EXPECT_EQ(Get(expired)->state, State::kExpired);
}

TEST_F(PgInviteStoreTest, AnExpiredOneMakesRoomAndOneAMomentBeforeDoesNot) {
  Invite invite = NewInvite();
  ASSERT_TRUE(Create(invite).ok());
  ASSERT_TRUE(store_
                  .Transact([&](InviteTx& tx) -> absl::Status {
                    Invite late = NewInvite("late@example.com");
                    late.expire_time = tx.Now();
                    RETURN_IF_ERROR(tx.Insert(late, HashOf(late)));
                    RETURN_IF_ERROR(tx.EndStale(workspace_, late.address.folded, 0));
                    EXPECT_EQ(tx.GetBySecret(HashOf(late))->state, State::kExpired);
                    return absl::OkStatus();
                  })
                  .ok());
  ASSERT_TRUE(store_
                  .Transact([&](InviteTx& tx) -> absl::Status {
                    Invite live = NewInvite("live@example.com");
                    live.expire_time = tx.Now() + absl::Microseconds(1);
                    RETURN_IF_ERROR(tx.Insert(live, HashOf(live)));
                    RETURN_IF_ERROR(tx.EndStale(workspace_, live.address.folded, 0));
                    EXPECT_EQ(tx.GetBySecret(HashOf(live))->state, State::kPending);
                    return absl::OkStatus();
                  })
                  .ok());
}

TEST_F(PgInviteStoreTest, OneFromBeforeARemovalIsRevokedAndMakesRoom) {
  const Invite before = NewInvite();  // rights_n 7
  ASSERT_TRUE(Create(before).ok());
  EXPECT_TRUE(HasReason(Create(NewInvite(), 7), Reason::kInvitePendingForEmail));
  EXPECT_EQ(Get(before)->state, State::kPending) << "what was not committed revoked nothing";
  EXPECT_TRUE(Create(NewInvite(), 8).ok());
  EXPECT_EQ(Get(before)->state, State::kRevoked);
}

TEST_F(PgInviteStoreTest, OneUseIsReservedOnceUnderContention) {
  const Invite invite = NewInvite();
  ASSERT_TRUE(Create(invite).ok());
  std::atomic<int> reserved = 0;
  std::vector<std::thread> racers;
  for (int i = 0; i < 16; ++i) {
    racers.emplace_back([&] { reserved += Reserve(invite, auth::NewId<UserId>()).ok(); });
  }
  for (std::thread& racer : racers) racer.join();
  EXPECT_EQ(reserved, 1);
}

TEST_F(PgInviteStoreTest, AJoinedReservationRedeemsTheInvite) {
  const Invite invite = NewInvite();
  ASSERT_TRUE(Create(invite).ok());
  const auto reservation = Reserve(invite, kAnn);
  ASSERT_TRUE(reservation.ok());
  ASSERT_TRUE(Open(invite).has_value());
  EXPECT_EQ(Open(invite)->join_key, reservation->join_key);
  EXPECT_EQ(Open(invite)->user, kAnn);
  EXPECT_EQ(Open(invite)->create_time, reservation->create_time);
  ASSERT_TRUE(Settle(*reservation, true).ok());
  EXPECT_FALSE(Open(invite).has_value());
  EXPECT_EQ(Get(invite)->state, State::kRedeemed);
  EXPECT_EQ(Get(invite)->redeemed_by, kAnn);
  EXPECT_TRUE(Create(NewInvite()).ok()) << "a redeemed one is in nobody's way";
}

TEST_F(PgInviteStoreTest, AFreedReservationLeavesTheInviteForTheNext) {
  const Invite invite = NewInvite();
  ASSERT_TRUE(Create(invite).ok());
  const auto reservation = Reserve(invite, kAnn);
  ASSERT_TRUE(Settle(*reservation, false).ok());
  EXPECT_EQ(Get(invite)->state, State::kPending);
  EXPECT_TRUE(Reserve(invite, kBob).ok());
}

TEST_F(PgInviteStoreTest, SettlingTwiceChangesNothing) {
  const Invite invite = NewInvite();
  ASSERT_TRUE(Create(invite).ok());
  const auto freed = Reserve(invite, kAnn);
  ASSERT_TRUE(Settle(*freed, false).ok());
  ASSERT_TRUE(Settle(*freed, true).ok());
  EXPECT_EQ(Get(invite)->state, State::kPending);
  const auto spent = Reserve(invite, kBob);
  ASSERT_TRUE(Settle(*spent, true).ok());
  ASSERT_TRUE(Settle(*spent, false).ok());
  ASSERT_TRUE(Settle(*spent, true).ok());
  EXPECT_EQ(Get(invite)->redeemed_by, kBob);
}

TEST_F(PgInviteStoreTest, AUseThatWasSpentBeforeAnExpiryWasNoticedCounts) {
  Invite invite = NewInvite();
  ASSERT_TRUE(Create(invite).ok());
  const auto reservation = Reserve(invite, kAnn);
  ASSERT_TRUE(Create(NewInvite(), 8).ok());
  ASSERT_EQ(Get(invite)->state, State::kRevoked);
  ASSERT_TRUE(Settle(*reservation, true).ok());
  EXPECT_EQ(Get(invite)->state, State::kRedeemed);
}

TEST_F(PgInviteStoreTest, OnlyAnInviteInDeliveryThatNobodyRedeemsIsRemoved) {
  const Invite failed = NewInvite("failed@example.com");
  ASSERT_TRUE(Create(failed).ok());
  EXPECT_TRUE(Remove(failed));
  EXPECT_TRUE(HasReason(Get(failed).status(), Reason::kInviteNotFound));
  EXPECT_FALSE(Remove(failed));

  const Invite sent = NewInvite("sent@example.com");
  ASSERT_TRUE(Create(sent).ok());
  ASSERT_TRUE(store_.Transact([&](InviteTx& tx) { return tx.MarkSent(sent.name); }).ok());
  EXPECT_EQ(Get(sent)->delivery, Delivery::kSent);
  EXPECT_FALSE(Remove(sent));

  const Invite reserved = NewInvite("reserved@example.com");
  ASSERT_TRUE(Create(reserved).ok());
  ASSERT_TRUE(Reserve(reserved, kAnn).ok());
  EXPECT_FALSE(Remove(reserved));
  EXPECT_TRUE(Get(reserved).ok());
}

TEST_F(PgInviteStoreTest, TheClockIsReadAnewOnceTheInvitesLockIsHeld) {
  const Invite invite = NewInvite();
  ASSERT_TRUE(Create(invite).ok());
  ASSERT_TRUE(store_
                  .Transact([&](InviteTx& tx) -> absl::Status {
                    const absl::Time began = tx.Now();
                    RETURN_IF_ERROR(tx.GetBySecret(HashOf(invite)).status());
                    EXPECT_GT(tx.Now(), began);
                    return absl::OkStatus();
                  })
                  .ok());
}

TEST_F(PgInviteStoreTest, WhatIsNotCommittedIsNotThere) {
  const Invite invite = NewInvite();
  EXPECT_EQ(store_
                .Transact([&](InviteTx& tx) -> absl::Status {
                  RETURN_IF_ERROR(tx.Insert(invite, HashOf(invite)));
                  return absl::AbortedError("no");
                })
                .code(),
            absl::StatusCode::kAborted);
  EXPECT_TRUE(HasReason(Get(invite).status(), Reason::kInviteNotFound));
}

}  // namespace
}  // namespace guestpass::invite
