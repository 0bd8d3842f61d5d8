// SPDX-License-Identifier: Apache-2.0
#include "services/invite/storage/postgres/pg_invite_upkeep.h"

#include "services/invite/storage/postgres/store_fixture.h"
#include "tests/harness/eventually.h"

// InviteUpkeep's conformance.
namespace guestpass::invite {
namespace {

class UpkeepTest : public PgInviteStoreTest {
 protected:
  Invite Created(absl::string_view email) {
    const Invite invite = NewInvite(email);
    EXPECT_TRUE(CountAndCreate(invite).ok());
    return invite;
  }
  Invite CreatedLink(std::optional<int32_t> max_uses) {
    const Invite link = NewLink(max_uses);
    EXPECT_TRUE(Create(link).ok());
    return link;
  }
  // Holds the invite's row as an uncommitted change does.
  std::thread HoldingRow(const Invite& invite, absl::Notification& holds, absl::Notification& may_end) {
    return Holding(
        [&](InviteTx& tx) -> absl::Status {
          RETURN_IF_ERROR(tx.SetState(invite.name, State::kDeclined));
          return tx.AnswerTo({}).status();  // sends it
        },
        holds, may_end);
  }
};

TEST_F(UpkeepTest, AttemptsAreAbandonedAfterSixSecondsTheOldestFirst) {
  const Invite link = CreatedLink(std::nullopt), email = Created("ann@example.com");
  const Reservation younger = *Reserve(link, ann_);
  const Reservation older = *Reserve(email, bob_);
  const Reservation settled = *Reserve(link, bob_);
  EXPECT_TRUE(upkeep_.AbandonedReservations(10)->empty());
  Run("UPDATE reservations SET create_us = now_us() - 5900000");
  EXPECT_TRUE(upkeep_.AbandonedReservations(10)->empty());
  Run("UPDATE reservations SET create_us = now_us() - 6000000");
  Run(absl::StrCat("UPDATE reservations SET create_us = create_us - 1000000 WHERE join_key = '",
                   older.join_key, "'"));
  ASSERT_TRUE(Settle(settled, false).ok());
  const auto abandoned = upkeep_.AbandonedReservations(10);
  ASSERT_EQ(abandoned->size(), 2u);
  EXPECT_EQ((*abandoned)[0].reservation.join_key, older.join_key);
  EXPECT_FALSE((*abandoned)[0].unlimited);
  EXPECT_EQ((*abandoned)[1].reservation.join_key, younger.join_key);
  EXPECT_TRUE((*abandoned)[1].unlimited);
  EXPECT_EQ((*abandoned)[1].reservation.invite, link.name);
  EXPECT_EQ(upkeep_.AbandonedReservations(1)->size(), 1u);
}

TEST_F(UpkeepTest, DeliveriesWhoseLeaseRanOutAreUnknown) {
  const Invite due = Created("due@example.com"), leased = Created("leased@example.com");
  Run(absl::StrCat("UPDATE invites SET lease_us = now_us() WHERE id = '", due.name.invite.text(), "'"));
  EXPECT_EQ(*upkeep_.EndLeases(10), 1);
  EXPECT_EQ(*upkeep_.EndLeases(10), 0);
  EXPECT_EQ(store_.Get(due.name)->delivery, Delivery::kUnknown);
  EXPECT_EQ(store_.Get(due.name)->state, State::kPending);
  EXPECT_EQ(store_.Get(leased.name)->delivery, Delivery::kSending);
  EXPECT_FALSE(Ask<bool>([&](InviteTx& tx) { return tx.SetDelivery(due.name, 1, Delivery::kSent); }));
}

TEST_F(UpkeepTest, ALeaseThatIsBeingRenewedIsLeftAlone) {
  const Invite invite = Created("ann@example.com");
  Run("UPDATE invites SET lease_us = now_us()");
  absl::Notification holds, may_end;
  std::thread renewal =
      Holding([&](InviteTx& tx) { return tx.RenewLease(invite.name, 1, tx.Now() + absl::Hours(1)).status(); },
              holds, may_end);
  holds.WaitForNotification();
  EXPECT_EQ(*upkeep_.EndLeases(10), 0);
  may_end.Notify();
  renewal.join();
  EXPECT_EQ(*upkeep_.EndLeases(10), 0);
  EXPECT_EQ(store_.Get(invite.name)->delivery, Delivery::kSending);
}

TEST_F(UpkeepTest, RenewalsAndEndsOfLeasesThatRaceLeaveWhatWasRenewed) {
  for (int round = 0; round < 20; ++round) {
    const Invite invite = NewInvite(absl::StrCat("r", round, "@example.com"));
    ASSERT_TRUE(Create(invite).ok());
    Run("UPDATE invites SET lease_us = now_us() WHERE lease_us IS NOT NULL");
    bool renewed = false;
    Race(2, [&](int i) -> absl::Status {
      if (i == 0) return upkeep_.EndLeases(10).status();
      renewed =
          Ask<bool>([&](InviteTx& tx) { return tx.RenewLease(invite.name, 1, tx.Now() + absl::Hours(1)); });
      return absl::OkStatus();
    });
    EXPECT_EQ(store_.Get(invite.name)->delivery == Delivery::kSending, renewed);
  }
}

TEST_F(UpkeepTest, PendingInvitesAreMarkedFromTheirTimeOnInSteps) {
  for (int i = 0; i < 5; ++i) Created(absl::StrCat("late", i, "@example.com"));
  Run("UPDATE invites SET expire_us = now_us(), delivery = 'SENT', lease_us = NULL");
  const Invite live = Created("live@example.com");
  EXPECT_EQ(upkeep_.CountDue(100)->expired, 5);
  EXPECT_EQ(upkeep_.CountDue(3)->expired, 3);
  EXPECT_EQ(*upkeep_.MarkExpired(3), 3);
  EXPECT_EQ(*upkeep_.MarkExpired(3), 2);
  EXPECT_EQ(*upkeep_.MarkExpired(3), 0);
  EXPECT_EQ(store_.Get(live.name)->state, State::kPending);
  EXPECT_EQ(Count("SELECT count(*) FROM invites WHERE state = 'EXPIRED' AND end_us = expire_us"), 5);
}

TEST_F(UpkeepTest, WhatOthersHoldIsPassedOver) {
  const Invite held = Created("held@example.com");
  Created("free@example.com");
  Run("UPDATE invites SET expire_us = now_us(), delivery = 'SENT', lease_us = NULL");
  absl::Notification holds, may_end;
  std::thread holder = HoldingRow(held, holds, may_end);
  holds.WaitForNotification();
  EXPECT_EQ(*upkeep_.MarkExpired(10), 1);
  may_end.Notify();
  holder.join();
  EXPECT_EQ(*upkeep_.MarkExpired(10), 0) << "it is declined by now";
}

TEST_F(UpkeepTest, WhatEndedThirtyDaysAgoIsDroppedWithItsAttemptsAndNotBefore) {
  const Invite link = CreatedLink(50);
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(Settle(*Reserve(link, auth::NewId<UserId>()), i % 2 == 0).ok());
  const Invite revoked = Created("revoked@example.com"), pending = Created("pending@example.com");
  ASSERT_TRUE(Revoke(link).ok());
  ASSERT_TRUE(Revoke(revoked).ok());
  const std::string month = "2592000000000";
  Run(absl::StrCat("UPDATE invites SET end_us = now_us() - ", month, " + 5000000 WHERE end_us IS NOT NULL"));
  EXPECT_EQ(upkeep_.CountDue(100)->ended, 0);
  EXPECT_EQ(*upkeep_.Purge(5), 0);
  Run(absl::StrCat("UPDATE invites SET end_us = now_us() - ", month, " WHERE end_us IS NOT NULL"));
  EXPECT_EQ(upkeep_.CountDue(100)->ended, 2);
  EXPECT_EQ(*upkeep_.PurgeReservations(5), 5);
  EXPECT_EQ(*upkeep_.Purge(5), 1) << "not the one that has attempts left";
  EXPECT_EQ(*upkeep_.PurgeReservations(7), 7);
  EXPECT_EQ(*upkeep_.Purge(5), 1);
  EXPECT_EQ(*upkeep_.Purge(5), 0);
  EXPECT_EQ(Count("SELECT count(*) FROM reservations"), 0);
  EXPECT_TRUE(HasReason(store_.Get(link.name).status(), Reason::kInviteNotFound));
  EXPECT_TRUE(store_.Get(pending.name).ok());
}

TEST_F(UpkeepTest, AnInviteWithAnOpenAttemptIsNotDropped) {
  const Invite link = CreatedLink(5);
  const Reservation open = *Reserve(link, ann_);
  ASSERT_TRUE(Revoke(link).ok());
  Run("UPDATE invites SET end_us = now_us() - 2592000000000");
  EXPECT_EQ(*upkeep_.PurgeReservations(5), 0);
  EXPECT_EQ(*upkeep_.Purge(5), 0);
  ASSERT_TRUE(Settle(open, true).ok());
  EXPECT_EQ(*upkeep_.PurgeReservations(5), 1);
  EXPECT_EQ(*upkeep_.Purge(5), 1);
}

TEST_F(UpkeepTest, CountsAndAnswersAreForgottenOnceNobodyReadsThem) {
  const Invite invite = Created("ann@example.com");
  const RequestKey key = {.caller = "ann/", .method = "Create", .id = "r1", .hash = "h1"};
  ASSERT_TRUE(store_.Transact([&](InviteTx& tx) { return tx.KeepAnswer(key, "answer", ""); }).ok());
  Run("UPDATE sends SET at_us = now_us() - 86390000000");
  Run("UPDATE request_answers SET keep_until_us = now_us() + 10000000");
  EXPECT_EQ(*upkeep_.ForgetSends(10), 0);
  EXPECT_EQ(*upkeep_.ForgetAnswers(10), 0);
  Run("UPDATE sends SET at_us = now_us() - 86400000000");
  Run("UPDATE request_answers SET keep_until_us = now_us()");
  EXPECT_EQ(*upkeep_.ForgetSends(10), 1);
  EXPECT_EQ(*upkeep_.ForgetAnswers(10), 1);
}

TEST_F(UpkeepTest, AnAnswerThatHasAnErasedAddressIsEmptiedForGood) {
  const RequestKey anns = {.caller = "admin/", .method = "Create", .id = "r1", .hash = "h1"};
  const RequestKey bobs = {.caller = "admin/", .method = "Create", .id = "r2", .hash = "h1"};
  ASSERT_TRUE(
      store_.Transact([&](InviteTx& tx) { return tx.KeepAnswer(anns, "a", "ann@example.com"); }).ok());
  ASSERT_TRUE(
      store_.Transact([&](InviteTx& tx) { return tx.KeepAnswer(bobs, "b", "bob@example.com"); }).ok());
  EXPECT_EQ(*upkeep_.EraseAddress("ann@example.com", 10), 1);
  const auto answer_to = [&](const RequestKey& key) {
    return Ask<std::optional<std::string>>([&](InviteTx& tx) { return tx.AnswerTo(key); });
  };
  EXPECT_EQ(answer_to(anns), "") << "and the request is still known";
  ASSERT_TRUE(store_.Transact([&](InviteTx& tx) { return tx.ChangeAnswer(anns, "late"); }).ok());
  EXPECT_EQ(answer_to(anns), "");
  EXPECT_EQ(answer_to(bobs), "b");
}

TEST_F(UpkeepTest, AnAddressIsErasedFromWhatOthersHoldToo) {
  const Invite held = Created("ann@example.com");
  absl::Notification holds, may_end;
  std::thread holder = HoldingRow(held, holds, may_end);
  holds.WaitForNotification();
  absl::StatusOr<int64_t> erased;
  std::thread eraser([&] { erased = upkeep_.EraseAddress("ann@example.com", 10); });
  EXPECT_TRUE(harness::Eventually(absl::Seconds(10), [&] {
    return Count(
               "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
               "AND datname = current_database()") == 1;
  }));
  may_end.Notify();
  holder.join();
  eraser.join();
  EXPECT_EQ(*erased, 2);
  EXPECT_EQ(*upkeep_.CountAddress("ann@example.com", 10), 0);
  EXPECT_EQ(store_.Get(held.name)->state, State::kDeclined);
}

TEST_F(UpkeepTest, AnErasedAddressIsNowhereAndItsPendingInvitesAreRevoked) {
  const Invite pending = Created("Ann@example.com"), bobs = Created("bob@example.com");
  Invite ended = NewInvite("ann@Example.com");
  ended.name.workspace = auth::NewId<WorkspaceId>();
  ASSERT_TRUE(CountAndCreate(ended).ok());
  ASSERT_TRUE(Settle(*Reserve(ended, ann_), true).ok());
  EXPECT_EQ(*upkeep_.EraseAddress("ann@example.com", 1) + *upkeep_.EraseAddress("ann@example.com", 1), 4);
  EXPECT_EQ(*upkeep_.EraseAddress("ann@example.com", 1), 0);
  EXPECT_EQ(store_.Get(pending.name)->state, State::kRevoked);
  EXPECT_EQ(store_.Get(ended.name)->state, State::kRedeemed);
  EXPECT_EQ(store_.Get(ended.name)->redeemed_by, ann_);
  for (const Invite& invite : {pending, ended}) EXPECT_EQ(store_.Get(invite.name)->address, mail::Address());
  EXPECT_EQ(store_.Get(bobs.name)->address, bobs.address);
  EXPECT_EQ(Count("SELECT count(*) FROM sends"), 3) << "what an inviter sent still counts";
  EXPECT_EQ(Count("SELECT count(*) FROM sends WHERE address_hash IS NOT NULL"), 1);
  EXPECT_EQ(
      Run("SELECT coalesce(string_agg(to_jsonb(i)::text, ' '), '') FROM invites i").Text(0, 0).find("ann@"),
      absl::string_view::npos);
}

}  // namespace
}  // namespace guestpass::invite
