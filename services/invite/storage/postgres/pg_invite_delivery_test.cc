// SPDX-License-Identifier: Apache-2.0
#include "services/invite/storage/postgres/store_fixture.h"

// Resending, and what becomes of mails: what is recorded, and what is taken back.
namespace guestpass::invite {
namespace {

class DeliveryTest : public PgInviteStoreTest {
 protected:
  bool SetDelivery(const Invite& invite, int generation, Delivery delivery) {
    return Ask<bool>([&](InviteTx& tx) { return tx.SetDelivery(invite.name, generation, delivery); });
  }
  bool UndoInsert(const Invite& invite) {
    return Ask<bool>([&](InviteTx& tx) { return tx.UndoInsert(invite.name); });
  }
  bool UndoResend(const Invite& invite, int generation) {
    return Ask<bool>([&](InviteTx& tx) { return tx.UndoResend(invite.name, generation); });
  }
  bool SetUndelivered(const Invite& invite) {
    return Ask<bool>([&](InviteTx& tx) { return tx.SetUndelivered(invite.name, 1); });
  }
  bool RenewLease(const Invite& invite, int generation) {
    return Ask<bool>(
        [&](InviteTx& tx) { return tx.RenewLease(invite.name, generation, tx.Now() + absl::Hours(1)); });
  }
  absl::StatusOr<Invite> Resend(const Invite& invite) {
    return PgInviteStoreTest::Resend(invite, [&](Invite& resent) {
      resent.inviter = ann_;
      resent.rights_n = 9;
      resent.check_time += absl::Seconds(5);
      resent.workspace_display_name = "Acme & Co.";
      resent.expire_time += absl::Hours(48);
      resent.delivery = Delivery::kSending;
    });
  }
  // An invite for whom mail was counted.
  Invite Counted() {
    Invite invite = NewInvite(absl::StrCat("a", ++made_, "@example.com"));
    EXPECT_TRUE(CountAndCreate(invite).ok());
    return invite;
  }
  Invite Sent() {
    Invite invite = Counted();
    EXPECT_TRUE(SetDelivery(invite, 1, Delivery::kSent));
    invite.delivery = Delivery::kSent;
    return invite;
  }
  int64_t Sends(const Invite& invite) {
    return Count(absl::StrCat("SELECT count(*) FROM sends WHERE invite = '", invite.name.invite.text(), "'"));
  }
  // All columns but the counters.
  std::string RowOf(const Invite& invite) {
    return std::string(Run(absl::StrCat("SELECT to_jsonb(i)::text FROM invites i WHERE id = '",
                                        invite.name.invite.text(), "'"))
                           .Text(0, 0));
  }

  int made_ = 0;
};

TEST_F(DeliveryTest, AnOutcomeIsRecordedOnceAndForItsGenerationOnly) {
  const Invite invite = Counted();
  EXPECT_FALSE(SetDelivery(invite, 2, Delivery::kSent));
  EXPECT_EQ(store_.Get(invite.name)->delivery, Delivery::kSending);
  EXPECT_TRUE(SetDelivery(invite, 1, Delivery::kDevRestricted));
  EXPECT_FALSE(SetDelivery(invite, 1, Delivery::kSent));
  EXPECT_EQ(store_.Get(invite.name)->delivery, Delivery::kDevRestricted);
}

TEST_F(DeliveryTest, ALeaseIsRenewedWhileItsMailIsDueAndTheInviteStands) {
  const Invite invite = Counted();
  EXPECT_FALSE(RenewLease(invite, 2));
  EXPECT_TRUE(RenewLease(invite, 1));
  EXPECT_EQ(Count("SELECT count(*) FROM invites WHERE lease_us > now_us() + 3500000000"), 1);
  ASSERT_TRUE(Revoke(invite).ok());
  EXPECT_FALSE(RenewLease(invite, 1));
  EXPECT_FALSE(RenewLease(Sent(), 1));
}

TEST_F(DeliveryTest, ARefusedCreationIsGoneAndRefunded) {
  const Invite invite = Counted();
  EXPECT_EQ(Sends(invite), 1);
  EXPECT_TRUE(UndoInsert(invite));
  EXPECT_TRUE(HasReason(store_.Get(invite.name).status(), Reason::kInviteNotFound));
  EXPECT_EQ(Sends(invite), 0);
  EXPECT_FALSE(UndoInsert(invite));
}

TEST_F(DeliveryTest, WhatIsSentEndedResentOrBegunIsNotTakenBack) {
  const Invite sent = Sent();
  EXPECT_FALSE(UndoInsert(sent));
  const Invite revoked = Counted();
  ASSERT_TRUE(Revoke(revoked).ok());
  EXPECT_FALSE(UndoInsert(revoked));
  const Invite resent = Counted();
  ASSERT_TRUE(Resend(resent).ok());
  EXPECT_FALSE(UndoInsert(resent));
  const Invite begun = Counted();
  ASSERT_TRUE(Reserve(begun, ann_).ok());
  EXPECT_FALSE(UndoInsert(begun));
  EXPECT_FALSE(SetUndelivered(begun));
  for (const Invite& invite : {sent, revoked, resent, begun}) {
    EXPECT_TRUE(store_.Get(invite.name).ok());
    EXPECT_EQ(Sends(invite), 1);
  }
  EXPECT_EQ(store_.Get(begun.name)->delivery, Delivery::kSending);
}

TEST_F(DeliveryTest, OfARedemptionAndATakingBackThatRaceOneHappens) {
  for (int round = 0; round < 30; ++round) {
    const Invite invite = Counted();
    bool undone = false, reserved = false;
    Race(2, [&](int i) {
      if (i == 0) undone = UndoInsert(invite);
      if (i == 1) reserved = Reserve(invite, ann_).ok();
      return absl::OkStatus();
    });
    EXPECT_NE(undone, reserved);
    EXPECT_EQ(store_.Get(invite.name).ok(), reserved);
  }
  EXPECT_EQ(Count("SELECT count(*) FROM reservations r WHERE NOT EXISTS "
                  "(SELECT FROM invites WHERE id = r.invite)"),
            0);
}

TEST_F(DeliveryTest, ARefusedMailOfABatchLeavesTheInviteUndeliveredRefundedAndInNobodysWay) {
  const Invite invite = Counted();
  EXPECT_TRUE(SetUndelivered(invite));
  EXPECT_FALSE(SetUndelivered(invite));
  const auto got = store_.Get(invite.name);
  EXPECT_EQ(got->state, State::kUndelivered);
  EXPECT_EQ(got->delivery, Delivery::kFailed);
  EXPECT_EQ(Sends(invite), 0);
  EXPECT_TRUE(Create(NewInvite(invite.address.shown)).ok());
}

TEST_F(DeliveryTest, AResentInviteIsWhatTheResendSaid) {
  const Invite invite = Sent();
  const auto resent = Resend(invite);
  ASSERT_TRUE(resent.ok());
  const auto got = store_.Get(invite.name);
  ExpectSame(*got, *resent);
  EXPECT_EQ(got->generation, 2);
  EXPECT_EQ(got->inviter, ann_);
  EXPECT_EQ(got->delivery, Delivery::kSending);
}

TEST_F(DeliveryTest, TwoSecretsOfAnEmailInviteWorkEachToItsOwnExpiryAndNoThird) {
  const Invite invite = Sent();
  const Invite second = *Resend(invite);
  EXPECT_EQ(Present(invite, 1)->expire_time, invite.expire_time);
  EXPECT_EQ(Present(invite, 2)->expire_time, second.expire_time);
  const Invite third = *Resend(invite);
  EXPECT_TRUE(HasReason(Present(invite, 1).status(), Reason::kInviteNotFound));
  EXPECT_EQ(Present(invite, 2)->expire_time, second.expire_time);
  EXPECT_EQ(Present(invite, 3)->expire_time, third.expire_time);
  EXPECT_EQ(Present(invite, 2)->invite.expire_time, third.expire_time);
}

TEST_F(DeliveryTest, ASecretNeverOutlivesAnInviteWhoseTimeAResendMadeShorter) {
  const Invite invite = Sent();
  const auto resent = PgInviteStoreTest::Resend(
      invite, [&](Invite& changed) { changed.expire_time = invite.expire_time - absl::Minutes(30); });
  ASSERT_TRUE(resent.ok());
  EXPECT_EQ(Present(invite, 1)->expire_time, resent->expire_time);
}

TEST_F(DeliveryTest, ALinksSecretBeforeIsDeadAtOnce) {
  const Invite link = NewLink(2);
  ASSERT_TRUE(CountAndCreate(link).ok());
  ASSERT_TRUE(PgInviteStoreTest::Resend(link, [](Invite&) {}).ok());
  EXPECT_TRUE(HasReason(Present(link, 1).status(), Reason::kInviteNotFound));
  EXPECT_TRUE(Present(link, 2).ok());
}

TEST_F(DeliveryTest, ASecretOfBeforeThatWaitedForALinksResendIsDeadToo) {
  const Invite link = NewLink(2);
  ASSERT_TRUE(CountAndCreate(link).ok());
  absl::Notification holds, may_end;
  std::thread resend = Holding(
      [&](InviteTx& tx) -> absl::Status {
        ASSIGN_OR_RETURN(Invite resent, tx.Lock(link.name));
        ++resent.generation;
        return tx.Resend(resent, HashOf(link, 2), tx.Now());
      },
      holds, may_end);
  holds.WaitForNotification();
  absl::Status presented;
  std::thread redeemer([&] { presented = Present(link, 1).status(); });
  AwaitWaiters(1);
  may_end.Notify();
  redeemer.join();
  resend.join();
  EXPECT_TRUE(HasReason(presented, Reason::kInviteNotFound)) << presented;
}

TEST_F(DeliveryTest, AnUndoneResendLeavesTheRowExactlyAsItWasAndIsRefunded) {
  Invite expired = Counted();
  ASSERT_TRUE(SetDelivery(expired, 1, Delivery::kUnknown));
  Run("UPDATE invites SET expire_us = now_us()");
  ASSERT_EQ(*upkeep_.MarkExpired(10), 1);
  const Invite twice = Sent();
  ASSERT_TRUE(Resend(twice).ok());
  ASSERT_TRUE(SetDelivery(twice, 2, Delivery::kSent));
  for (const Invite& invite : {Sent(), Counted(), expired, twice}) {
    const std::string before = RowOf(invite);
    Invite resent = *Resend(invite);
    EXPECT_NE(RowOf(invite), before);
    EXPECT_EQ(store_.Get(invite.name)->state, State::kPending);
    Run("UPDATE sends SET at_us = at_us - 60000000");
    ASSERT_TRUE(CountSend(resent).ok());
    const int64_t sends = Sends(invite);
    EXPECT_FALSE(UndoResend(invite, resent.generation - 1));
    EXPECT_TRUE(UndoResend(invite, resent.generation));
    EXPECT_EQ(RowOf(invite), before);
    EXPECT_EQ(Sends(invite), sends - 1);
    EXPECT_FALSE(UndoResend(invite, resent.generation));
  }
}

TEST_F(DeliveryTest, AResendThatWasSentOrRedeemedOrRevokedIsNotUndone) {
  const Invite sent = Sent(), revoked = Sent(), redeemed = Sent(), tried_before = Sent();
  ASSERT_TRUE(Settle(*Reserve(tried_before, ann_), false).ok());
  for (const Invite& invite : {sent, revoked, redeemed, tried_before}) ASSERT_TRUE(Resend(invite).ok());
  ASSERT_TRUE(SetDelivery(sent, 2, Delivery::kSent));
  ASSERT_TRUE(Revoke(revoked).ok());
  ASSERT_TRUE(Settle(*Reserve(redeemed, ann_), false).ok());
  EXPECT_FALSE(UndoResend(sent, 2));
  EXPECT_FALSE(UndoResend(revoked, 2));
  EXPECT_FALSE(UndoResend(redeemed, 2)) << "somebody has begun with one of the secrets";
  EXPECT_TRUE(UndoResend(tried_before, 2));
}

TEST_F(DeliveryTest, AResendOfAnExpiredInviteGivesWayToANewerOne) {
  const Invite old = Sent();
  Run("UPDATE invites SET expire_us = now_us()");
  ASSERT_TRUE(Create(NewInvite(old.address.shown)).ok());
  EXPECT_TRUE(HasReason(Resend(old).status(), Reason::kInvitePendingForEmail));
  EXPECT_EQ(store_.Get(old.name)->state, State::kExpired);
}

TEST_F(DeliveryTest, ResendsAndCreationsOfOneAddressThatRaceLeaveOnePending) {
  const Invite old = Sent();
  Run("UPDATE invites SET expire_us = now_us()");
  ASSERT_EQ(*upkeep_.MarkExpired(10), 1);
  EXPECT_EQ(Race(16,
                 [&](int i) {
                   return i % 2 == 0 ? Resend(old).status()
                                     : CountAndCreate(NewInvite(old.address.shown),
                                                      {.mails_per_address_and_day = 99});
                 }) > 0,
            true);
  EXPECT_EQ(Count("SELECT count(*) FROM invites WHERE state = 'PENDING'"), 1);
}

}  // namespace
}  // namespace guestpass::invite
