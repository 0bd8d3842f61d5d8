// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_split.h"
#include "services/invite/storage/postgres/store_fixture.h"

// Uses: taken, spent and given back.
namespace guestpass::invite {
namespace {

class UsesTest : public PgInviteStoreTest {
 protected:
  Invite Created(Invite invite) {
    EXPECT_TRUE(Create(invite).ok());
    return invite;
  }
  absl::Status SettleAll(const std::vector<Reservation>& reservations, bool joined) {
    std::vector<InviteStore::Settlement> settlements;
    for (const Reservation& reservation : reservations) settlements.push_back({reservation, joined});
    return store_.SettleUnlimited(settlements);
  }
  std::optional<Reservation> ReservationOf(const Invite& invite, const UserId& user) {
    return Ask<std::optional<Reservation>>([&](InviteTx& tx) { return tx.ReservationOf(invite.name, user); });
  }
  // How often a session waits for an answer while `body` is transacted; its statements were prepared before.
  int64_t RoundTrips(absl::FunctionRef<absl::Status(InviteStore&)> body) {
    postgres::Pool one(database_.options(1));
    PgInviteStore store(one);
    EXPECT_TRUE(body(store).ok());
    char* text = nullptr;
    size_t size = 0;
    std::FILE* trace = open_memstream(&text, &size);
    PQtrace((*one.Acquire())->connection(), trace);
    EXPECT_TRUE(body(store).ok());
    PQuntrace((*one.Acquire())->connection());
    std::fclose(trace);
    const std::vector<absl::string_view> answers = absl::StrSplit(text, "ReadyForQuery");
    std::free(text);
    return static_cast<int64_t>(answers.size()) - 1;
  }
  std::pair<int, int> Uses(const Invite& invite) {
    const auto got = store_.Get(invite.name);
    return {got->spent, got->reserved};
  }
};

using Pair = std::pair<int, int>;

TEST_F(UsesTest, AJoinedReservationRedeemsAnEmailInviteAndMakesRoom) {
  const Invite invite = Created(NewInvite());
  const auto reservation = Reserve(invite, ann_);
  ASSERT_TRUE(reservation.ok());
  const auto open = Open(invite);
  ASSERT_EQ(open.size(), 1u);
  EXPECT_EQ(open[0].join_key, reservation->join_key);
  EXPECT_EQ(open[0].user, ann_);
  EXPECT_EQ(open[0].invite, invite.name);
  EXPECT_EQ(open[0].create_time, reservation->create_time);
  EXPECT_EQ(open[0].state, Reservation::State::kOpen);
  EXPECT_EQ(Uses(invite), Pair(0, 1));
  ASSERT_TRUE(Settle(*reservation, true).ok());
  EXPECT_TRUE(Open(invite).empty());
  EXPECT_EQ(store_.Get(invite.name)->state, State::kRedeemed);
  EXPECT_EQ(store_.Get(invite.name)->redeemed_by, ann_);
  EXPECT_EQ(Uses(invite), Pair(1, 0));
  EXPECT_EQ(Ask<int32_t>([&](InviteTx& tx) { return tx.CountJoined(invite.name); }), 1);
  EXPECT_TRUE(Create(NewInvite()).ok()) << "a redeemed one is in nobody's way";
}

TEST_F(UsesTest, AFreedUseIsForTheNext) {
  for (const Invite& invite : {Created(NewInvite()), Created(NewLink(1))}) {
    const auto reservation = Reserve(invite, ann_);
    ASSERT_TRUE(reservation.ok());
    EXPECT_FALSE(Reserve(invite, bob_).ok());
    ASSERT_TRUE(Settle(*reservation, false).ok());
    EXPECT_EQ(Uses(invite), Pair(0, 0));
    EXPECT_EQ(store_.Get(invite.name)->state, State::kPending);
    EXPECT_TRUE(Reserve(invite, bob_).ok());
  }
}

TEST_F(UsesTest, ALinkEndsWithItsLastUseAndNamesNobody) {
  const Invite link = Created(NewLink(2));
  ASSERT_TRUE(Settle(*Reserve(link, ann_), true).ok());
  EXPECT_EQ(store_.Get(link.name)->state, State::kPending);
  ASSERT_TRUE(Settle(*Reserve(link, bob_), true).ok());
  EXPECT_EQ(store_.Get(link.name)->state, State::kRedeemed);
  EXPECT_TRUE(store_.Get(link.name)->redeemed_by.empty());
  EXPECT_EQ(Uses(link), Pair(2, 0));
}

TEST_F(UsesTest, SettlingTwiceChangesNothing) {
  const Invite invite = Created(NewInvite()), link = Created(NewLink(5)),
               open = Created(NewLink(std::nullopt));
  for (const Invite& it : {invite, link, open}) {
    const auto freed = Reserve(it, ann_);
    ASSERT_TRUE(Settle(*freed, false).ok());
    ASSERT_TRUE(Settle(*freed, true).ok());
    EXPECT_EQ(Uses(it), Pair(0, 0));
    const auto spent = Reserve(it, bob_);
    ASSERT_TRUE(Settle(*spent, true).ok());
    ASSERT_TRUE(Settle(*spent, false).ok());
    ASSERT_TRUE(Settle(*spent, true).ok());
    EXPECT_EQ(Uses(it), Pair(1, 0));
  }
  EXPECT_EQ(store_.Get(invite.name)->redeemed_by, bob_);
}

TEST_F(UsesTest, WhoJoinedByAnEmailInviteRedeemedItInWhateverStateItWasByThen) {
  const Invite invite = Created(NewInvite());
  const auto reservation = Reserve(invite, ann_);
  ASSERT_TRUE(Create(NewInvite(), 8).ok());
  ASSERT_EQ(store_.Get(invite.name)->state, State::kRevoked);
  ASSERT_TRUE(Settle(*reservation, true).ok());
  EXPECT_EQ(store_.Get(invite.name)->state, State::kRedeemed);
}

TEST_F(UsesTest, ALinkThatWasRevokedStaysSoWhoeverJoined) {
  const Invite link = Created(NewLink(1));
  const auto reservation = Reserve(link, ann_);
  ASSERT_TRUE(Revoke(link).ok());
  ASSERT_TRUE(Settle(*reservation, true).ok());
  EXPECT_EQ(store_.Get(link.name)->state, State::kRevoked);
  EXPECT_EQ(Ask<int32_t>([&](InviteTx& tx) { return tx.CountJoined(link.name); }), 1);
}

TEST_F(UsesTest, AUserHasOneOpenAttemptAndItIsFoundBeforeWhatItSpent) {
  const Invite link = Created(NewLink(std::nullopt));
  EXPECT_FALSE(ReservationOf(link, ann_).has_value());
  const auto first = Reserve(link, ann_);
  EXPECT_TRUE(HasReason(Reserve(link, ann_).status(), Reason::kConflict));
  ASSERT_TRUE(Settle(*first, true).ok());
  EXPECT_EQ(ReservationOf(link, ann_)->state, Reservation::State::kSpent);
  Reservation again = {.join_key = "again", .invite = link.name, .user = ann_, .counts = false};
  again.create_time = *store_.Now();
  ASSERT_TRUE(store_
                  .Transact([&](InviteTx& tx) -> absl::Status {
                    RETURN_IF_ERROR(tx.GetBySecret(HashOf(link), {ann_}).status());
                    EXPECT_EQ((*tx.ReservationOf(link.name, ann_))->join_key, first->join_key);
                    EXPECT_FALSE(tx.ReservationOf(link.name, bob_)->has_value());
                    return tx.Reserve(again, true);
                  })
                  .ok());
  EXPECT_EQ(ReservationOf(link, ann_)->join_key, "again");
  EXPECT_FALSE(ReservationOf(link, ann_)->counts);
  EXPECT_EQ(Uses(link), Pair(1, 0));
  ASSERT_TRUE(Settle(again, true).ok());
  EXPECT_EQ(Uses(link), Pair(1, 0));
}

TEST_F(UsesTest, AnAttemptThatDoesNotCountTakesNoUseOfALimitedLink) {
  const Invite link = Created(NewLink(2));
  ASSERT_TRUE(Settle(*Reserve(link, ann_), true).ok());
  const Reservation again = {
      .join_key = "again", .invite = link.name, .user = ann_, .create_time = *store_.Now(), .counts = false};
  ASSERT_TRUE(store_.Transact([&](InviteTx& tx) { return tx.Reserve(again, false); }).ok());
  EXPECT_EQ(Uses(link), Pair(1, 0));
  ASSERT_TRUE(Settle(again, true).ok());
  EXPECT_EQ(Uses(link), Pair(1, 0));
  EXPECT_EQ(store_.Get(link.name)->state, State::kPending);
}

TEST_F(UsesTest, ReservingTakesTwoRoundTripsAndSettlingOne) {
  std::vector<Reservation> reservations;
  for (const Invite& link : {Created(NewLink(9)), Created(NewLink(std::nullopt))}) {
    EXPECT_EQ(RoundTrips([&](InviteStore& store) {
                return store.Transact([&](InviteTx& tx) -> absl::Status {
                  const UserId user = auth::NewId<UserId>();
                  RETURN_IF_ERROR(tx.GetBySecret(HashOf(link), {user}).status());
                  RETURN_IF_ERROR(tx.ReservationOf(link.name, user).status());
                  reservations.push_back({auth::NewSecret(), link.name, user, tx.Now()});
                  return tx.Reserve(reservations.back(), link.unlimited());
                });
              }),
              2);
  }
  EXPECT_EQ(RoundTrips([&](InviteStore& store) {
              return store.Transact([&](InviteTx& tx) { return tx.Settle(reservations[0], true); });
            }),
            1);
  EXPECT_EQ(RoundTrips([&](InviteStore& store) {
              return store.SettleUnlimited({{reservations[2], true}});
            }),
            1);
}

TEST_F(UsesTest, FiftyRacersTakeExactlyTheUsesThereAre) {
  for (int uses : {1, 10}) {
    const Invite link = Created(NewLink(uses));
    EXPECT_EQ(Race(50, [&](int) { return Reserve(link, auth::NewId<UserId>()).status(); }), uses);
    EXPECT_EQ(Uses(link), Pair(0, uses));
  }
  const Invite email = Created(NewInvite());
  EXPECT_EQ(Race(50, [&](int) { return Reserve(email, auth::NewId<UserId>()).status(); }), 1);
}

TEST_F(UsesTest, RacersThatSettleInBetweenNeverExceedTheUses) {
  const Invite link = Created(NewLink(7));
  const int joined = Race(50, [&](int i) -> absl::Status {
    ASSIGN_OR_RETURN(const Reservation reservation, Reserve(link, auth::NewId<UserId>()));
    const bool joins = i % 2 == 0;
    while (HasReason(Settle(reservation, joins), Reason::kOverloaded)) continue;
    return joins ? absl::OkStatus() : absl::AbortedError("freed");
  });
  EXPECT_LE(joined, 7);
  EXPECT_EQ(Uses(link), Pair(joined, 0));
}

TEST_F(UsesTest, TheDatabaseItselfRefusesAUseTooMany) {
  const Invite link = Created(NewLink(1));
  ASSERT_TRUE(Reserve(link, ann_).ok());
  const Reservation second = {
      .join_key = "second", .invite = link.name, .user = bob_, .create_time = *store_.Now()};
  EXPECT_TRUE(
      HasReason(store_.Transact([&](InviteTx& tx) { return tx.Reserve(second, false); }), Reason::kInternal));
}

TEST_F(UsesTest, ALinkWithoutALimitIsCountedWhereItIsReadAndSettledTogether) {
  const Invite link = Created(NewLink(std::nullopt)), other = Created(NewLink(std::nullopt));
  std::vector<Reservation> joined, freed;
  for (int i = 0; i < 6; ++i) {
    joined.push_back(*Reserve(i % 3 == 0 ? other : link, auth::NewId<UserId>()));
    freed.push_back(*Reserve(link, auth::NewId<UserId>()));
  }
  EXPECT_EQ(Uses(link), Pair(0, 10));
  EXPECT_EQ(Ask<Invite>([&](InviteTx& tx) { return tx.Lock(link.name); }).reserved, 0) << "not under a lock";
  ASSERT_TRUE(SettleAll(joined, true).ok());
  ASSERT_TRUE(SettleAll(joined, true).ok());
  ASSERT_TRUE(SettleAll(joined, false).ok());
  EXPECT_EQ(Uses(link), Pair(4, 6));
  EXPECT_EQ(Uses(other), Pair(2, 0));
  ASSERT_TRUE(SettleAll(freed, false).ok());
  EXPECT_EQ(Uses(link), Pair(4, 0));
  EXPECT_EQ(store_.Get(link.name)->state, State::kPending);
  EXPECT_TRUE(store_.SettleUnlimited({}).ok());
}

TEST_F(UsesTest, SettlersOfTheSameAttemptsCountEachOnceAndDoNotBlockEachOther) {
  std::vector<Reservation> reservations;
  std::vector<Invite> links;
  for (int i = 0; i < 4; ++i) links.push_back(Created(NewLink(std::nullopt)));
  for (int i = 0; i < 40; ++i) reservations.push_back(*Reserve(links[i % 4], auth::NewId<UserId>()));
  EXPECT_EQ(Race(8,
                 [&](int racer) {
                   std::vector<Reservation> mine = reservations;
                   std::rotate(mine.begin(), mine.begin() + 5 * racer, mine.end());
                   if (racer % 2 == 0) std::reverse(mine.begin(), mine.end());
                   return SettleAll(mine, true);
                 }),
            8);
  for (const Invite& link : links) EXPECT_EQ(Uses(link), Pair(10, 0));
}

TEST_F(UsesTest, ASettlementOfALinkWithoutALimitAndItsRevocationDoNotWaitForEachOther) {
  const Invite link = Created(NewLink(std::nullopt));
  const Reservation reservation = *Reserve(link, ann_);
  absl::Notification holds, may_end;
  std::thread revocation = Holding([&](InviteTx& tx) { return tx.Lock(link.name).status(); }, holds, may_end);
  holds.WaitForNotification();
  EXPECT_TRUE(SettleAll({reservation}, true).ok());
  may_end.Notify();
  revocation.join();
  ASSERT_TRUE(Revoke(link).ok());
  EXPECT_EQ(store_.Get(link.name)->state, State::kRevoked);
  EXPECT_EQ(Uses(link), Pair(1, 0));
}

TEST_F(UsesTest, WhoRedeemsALinkWithoutALimitSharesItsLockAndOthersAreAlone) {
  const Invite open = Created(NewLink(std::nullopt)), limited = Created(NewLink(5));
  for (const Invite& link : {open, limited}) {
    absl::Notification first, second, may_end;
    const auto get = [&](InviteTx& tx) { return tx.GetBySecret(HashOf(link), {ann_}).status(); };
    std::thread one = Holding(get, first, may_end);
    first.WaitForNotification();
    std::thread two = Holding(get, second, may_end);
    if (link.unlimited()) {
      second.WaitForNotification();
    } else {
      AwaitWaiters(1);
      EXPECT_FALSE(second.HasBeenNotified());
    }
    may_end.Notify();
    one.join();
    two.join();
  }
}

TEST_F(UsesTest, ARevocationThatWaitsIsNotPassedByWhoRedeemsLater) {
  const Invite link = Created(NewLink(std::nullopt));
  absl::Notification redeems, may_end;
  std::thread earlier =
      Holding([&](InviteTx& tx) { return tx.GetBySecret(HashOf(link), {ann_}).status(); }, redeems, may_end);
  redeems.WaitForNotification();
  std::thread revocation([&] { EXPECT_TRUE(Revoke(link).ok()); });
  AwaitWaiters(1);
  std::vector<State> seen(5, State::kPending);
  std::vector<std::thread> later;
  for (State& state : seen) later.emplace_back([&] { state = Present(link)->invite.state; });
  AwaitWaiters(6);
  may_end.Notify();
  earlier.join();
  revocation.join();
  for (std::thread& redeemer : later) redeemer.join();
  EXPECT_EQ(seen, std::vector<State>(5, State::kRevoked));
}

}  // namespace
}  // namespace guestpass::invite
