// SPDX-License-Identifier: Apache-2.0
#include "services/invite/storage/postgres/pg_invite_store.h"

#include <atomic>

#include "services/invite/storage/postgres/store_fixture.h"

// InviteStore's conformance: what is stored, one pending invite for an address, and repeated requests. The
// other test programs of this folder go on with it.
namespace guestpass::invite {
namespace {

const RequestKey kKey = {.caller = "ann/", .method = "Create", .id = "r1", .hash = "h1"};

TEST_F(PgInviteStoreTest, AnEmailInviteComesBackAsItWasStored) {
  for (const GuestExpiry& expiry : {GuestExpiry(), GuestExpiry(absl::FromUnixMicros(1'900'000'000'000'001)),
                                    GuestExpiry(absl::Microseconds(1))}) {
    Invite invite = NewInvite(absl::StrCat("Ann", expiry.index(), "@B\u00fccher.example"));
    invite.guest_expiry = expiry;
    ASSERT_TRUE(Create(invite).ok());
    const auto presented = Present(invite);
    ASSERT_TRUE(presented.ok()) << presented.status();
    ExpectSame(presented->invite, invite);
    EXPECT_EQ(presented->expire_time, invite.expire_time);
    ExpectSame(*store_.Get(invite.name), invite);
    ExpectSame(Ask<Invite>([&](InviteTx& tx) { return tx.Lock(invite.name); }), invite);
  }
}

TEST_F(PgInviteStoreTest, ALinkComesBackAsItWasStored) {
  for (std::optional<int32_t> max_uses :
       {std::optional<int32_t>(1), std::optional<int32_t>(1'000'000), std::optional<int32_t>()}) {
    Invite invite = NewLink(max_uses);
    invite.link->allow_unverified = max_uses.has_value();
    ASSERT_TRUE(Create(invite).ok());
    ExpectSame(*store_.Get(invite.name), invite);
    ExpectSame(Present(invite)->invite, invite);
  }
}

TEST_F(PgInviteStoreTest, EveryRoleAndDeliveryIsKept) {
  for (rights::Role role :
       {rights::Role::kAdmin, rights::Role::kMember, rights::Role::kViewer, rights::Role::kGuest}) {
    Invite invite = NewInvite(absl::StrCat("r", static_cast<int>(role), "@example.com"));
    invite.role = role;
    ASSERT_TRUE(Create(invite).ok());
    EXPECT_EQ(store_.Get(invite.name)->role, role);
  }
  for (Delivery delivery :
       {Delivery::kSending, Delivery::kSent, Delivery::kNotConfigured, Delivery::kDevRestricted,
        Delivery::kUnknown, Delivery::kFailed, Delivery::kNotMailed}) {
    Invite invite = NewInvite(absl::StrCat("d", static_cast<int>(delivery), "@example.com"));
    invite.delivery = delivery;
    ASSERT_TRUE(Create(invite).ok());
    EXPECT_EQ(store_.Get(invite.name)->delivery, delivery);
  }
}

TEST_F(PgInviteStoreTest, AnUnknownSecretOrNameIsNotFound) {
  const Invite unknown = NewInvite();
  EXPECT_TRUE(HasReason(Present(unknown).status(), Reason::kInviteNotFound));
  EXPECT_TRUE(HasReason(store_.Get(unknown.name).status(), Reason::kInviteNotFound));
  EXPECT_TRUE(HasReason(Revoke(unknown), Reason::kInviteNotFound));
  ASSERT_TRUE(Create(unknown).ok());
  Invite elsewhere = unknown;
  elsewhere.name.workspace = auth::NewId<WorkspaceId>();
  EXPECT_TRUE(HasReason(store_.Get(elsewhere.name).status(), Reason::kInviteNotFound));
}

TEST_F(PgInviteStoreTest, OnlyHashesOfSecretsAndOfCountedAddressesAreStored) {
  const Invite invite = NewInvite();
  ASSERT_TRUE(CountAndCreate(invite).ok());
  EXPECT_EQ(Run("SELECT secret_hash FROM invites").Bytes(0, 0), HashOf(invite));
  EXPECT_EQ(Run("SELECT address_hash FROM sends").Bytes(0, 0), auth::Sha256("ann@example.com"));
}

TEST_F(PgInviteStoreTest, OneAddressHasOnePendingInviteToAWorkspaceAndLinksAreFree) {
  ASSERT_TRUE(Create(NewInvite()).ok());
  EXPECT_TRUE(HasReason(Create(NewInvite("Ann@EXAMPLE.com")), Reason::kInvitePendingForEmail));
  EXPECT_TRUE(Create(NewInvite("bob@example.com")).ok());
  EXPECT_TRUE(Create(NewLink(1)).ok());
  EXPECT_TRUE(Create(NewLink(1)).ok());
  Invite elsewhere = NewInvite();
  elsewhere.name.workspace = auth::NewId<WorkspaceId>();
  EXPECT_TRUE(Create(elsewhere).ok());
}

TEST_F(PgInviteStoreTest, FiftyRacingCreatesLeaveOneAlsoWhereAnExpiredOneStands) {
  Invite expired = NewInvite();
  expired.expire_time = *store_.Now() - absl::Seconds(1);
  ASSERT_TRUE(Create(expired).ok());
  std::atomic<int> pending = 0;
  EXPECT_EQ(Race(50,
                 [&](int) {
                   const absl::Status status =
                       CountAndCreate(NewInvite(), {.mails_per_address_and_day = 100});
                   pending += HasReason(status, Reason::kInvitePendingForEmail);
                   return status;
                 }),
            1);
  EXPECT_EQ(pending, 49);
  EXPECT_EQ(store_.Get(expired.name)->state, State::kExpired);
  EXPECT_EQ(Count("SELECT count(*) FROM sends"), 1) << "what was refused was not counted";
}

TEST_F(PgInviteStoreTest, AnExpiredOneMakesRoomAndALivingOneDoesNot) {
  Invite late = NewInvite("late@example.com");
  late.expire_time = *store_.Now();
  Invite live = NewInvite("live@example.com");
  ASSERT_TRUE(Create(late).ok());
  ASSERT_TRUE(Create(live).ok());
  EXPECT_TRUE(Create(NewInvite("late@example.com")).ok());
  EXPECT_TRUE(HasReason(Create(NewInvite("live@example.com")), Reason::kInvitePendingForEmail));
  EXPECT_EQ(store_.Get(late.name)->state, State::kExpired);
  EXPECT_EQ(store_.Get(live.name)->state, State::kPending);
}

TEST_F(PgInviteStoreTest, OneFromBeforeARemovalIsRevokedAndMakesRoom) {
  const Invite before = NewInvite();  // rights_n 7
  ASSERT_TRUE(Create(before).ok());
  EXPECT_TRUE(HasReason(Create(NewInvite(), 7), Reason::kInvitePendingForEmail));
  EXPECT_EQ(store_.Get(before.name)->state, State::kPending) << "what was not committed revoked nothing";
  EXPECT_TRUE(Create(NewInvite(), 8).ok());
  EXPECT_EQ(store_.Get(before.name)->state, State::kRevoked);
}

TEST_F(PgInviteStoreTest, WhatIsNotCommittedIsNotThere) {
  const Invite invite = NewInvite();
  EXPECT_EQ(store_
                .Transact([&](InviteTx& tx) -> absl::Status {
                  RETURN_IF_ERROR(Insert(tx, invite));
                  return absl::AbortedError("no");
                })
                .code(),
            absl::StatusCode::kAborted);
  EXPECT_TRUE(HasReason(store_.Get(invite.name).status(), Reason::kInviteNotFound));
}

TEST_F(PgInviteStoreTest, TheClockIsReadAnewOnceALockIsHeld) {
  const Invite invite = NewInvite();
  ASSERT_TRUE(Create(invite).ok());
  using Locking = std::function<absl::Status(InviteTx&)>;
  for (const Locking& lock :
       {Locking([&](InviteTx& tx) { return tx.GetBySecret(HashOf(invite), {ann_}).status(); }),
        Locking([&](InviteTx& tx) { return tx.Lock(invite.name).status(); }),
        Locking([&](InviteTx& tx) { return tx.JudgeSend(NewInvite(), {}); })}) {
    EXPECT_TRUE(store_
                    .Transact([&](InviteTx& tx) -> absl::Status {
                      const absl::Time began = tx.Now();
                      EXPECT_EQ(tx.Now(), began) << "it stands still meanwhile";
                      RETURN_IF_ERROR(lock(tx));
                      EXPECT_GT(tx.Now(), began);
                      return absl::AbortedError("enough");
                    })
                    .message() == "enough");
  }
}

TEST_F(PgInviteStoreTest, AnAnswerIsKeptForItsRequestAndNoOther) {
  const auto answer_to = [&](const RequestKey& key) {
    return Ask<std::optional<std::string>>([&](InviteTx& tx) { return tx.AnswerTo(key); });
  };
  EXPECT_FALSE(answer_to(kKey).has_value());
  const std::string bytes("a\0b", 3);
  ASSERT_TRUE(
      store_.Transact([&](InviteTx& tx) { return tx.KeepAnswer(kKey, bytes, "ann@example.com"); }).ok());
  EXPECT_EQ(answer_to(kKey), bytes);
  RequestKey other = kKey;
  other.caller = "bob/";
  EXPECT_FALSE(answer_to(other).has_value());
  other = kKey;
  other.method = "Resend";
  EXPECT_FALSE(answer_to(other).has_value());
  other = kKey;
  other.hash = "h2";
  EXPECT_TRUE(HasReason(store_.Transact([&](InviteTx& tx) { return tx.AnswerTo(other).status(); }),
                        Reason::kRequestIdReused));
}

TEST_F(PgInviteStoreTest, AnAnswerIsForgottenAfterADayOrWhenToldTo) {
  const auto keep = [&](absl::string_view answer) {
    return store_.Transact([&](InviteTx& tx) { return tx.KeepAnswer(kKey, answer, ""); });
  };
  const auto answer = [&] {
    return Ask<std::optional<std::string>>([&](InviteTx& tx) { return tx.AnswerTo(kKey); });
  };
  ASSERT_TRUE(keep("one").ok());
  EXPECT_TRUE(HasReason(keep("two"), Reason::kConflict));
  EXPECT_EQ(answer(), "one");
  Run("UPDATE request_answers SET keep_until_us = keep_until_us - 86399000000");
  EXPECT_EQ(answer(), "one");
  Run("UPDATE request_answers SET keep_until_us = now_us()");
  EXPECT_FALSE(answer().has_value());
  EXPECT_TRUE(keep("three").ok());
  ASSERT_TRUE(store_
                  .Transact([&](InviteTx& tx) -> absl::Status {
                    RETURN_IF_ERROR(tx.ForgetAnswer(kKey));
                    return tx.KeepAnswer(kKey, "four", "");
                  })
                  .ok());
  EXPECT_EQ(answer(), "four");
}

}  // namespace
}  // namespace guestpass::invite
