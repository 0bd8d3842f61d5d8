// SPDX-License-Identifier: Apache-2.0
#include "services/invite/worker/keeper.h"

#include <string>
#include <thread>
#include <vector>

#include "services/invite/server/service_fixture.h"

namespace guestpass::invite {
namespace {

class KeeperTest : public ServiceTest {
 protected:
  // What an attempt comes to of which nobody knows what became.
  void LeaveOpen(const rpc::Call& call, const std::string& secret) {
    membership_.unreachable = true;
    EXPECT_EQ(ReasonOf(Redeem(call, secret).status()), "SERVICE_UNAVAILABLE");
    membership_.unreachable = membership_.loses_request = membership_.loses_answer = false;
  }

  // All kinds of invites: a mail, a link with a limit, one without.
  std::vector<Made> OneOfEach() { return {MadeBy(GuestRequest()), Linked(1), Linked(0)}; }

  void ExpectSettled(const Made& made, int spent) {
    const absl::Status round = keeper_.Round();
    EXPECT_TRUE(round.ok()) << round;
    EXPECT_EQ(OpenCount(), 0);
    EXPECT_EQ(Stored(made.name).spent, spent);
    EXPECT_EQ(Stored(made.name).reserved, 0);
    EXPECT_EQ(membership_.joined_by(made.name).size(), static_cast<size_t>(spent));
  }

  bool AwaitNothingOpen() {
    for (const absl::Time end = absl::Now() + absl::Seconds(30); absl::Now() < end;) {
      if (OpenCount() == 0) return true;
      absl::SleepFor(absl::Milliseconds(10));
    }
    return false;
  }
};

TEST_F(KeeperTest, ARequestThatWasLostIsFreed) {
  for (const Made& made : OneOfEach()) {
    const rpc::Call ann = NewUser("ann@example.com");
    membership_.loses_request = true;
    LeaveOpen(ann, made.secret);
    Age();
    ExpectSettled(made, 0);
    EXPECT_TRUE(Redeem(ann, made.secret).ok()) << "the use is free again";
    ExpectSettled(made, 1);
  }
}

TEST_F(KeeperTest, AnAnswerThatWasLostIsSpent) {
  for (const Made& made : OneOfEach()) {
    const rpc::Call ann = NewUser("ann@example.com");
    membership_.loses_answer = true;
    LeaveOpen(ann, made.secret);
    Age();
    ExpectSettled(made, 1);
    const Invite stored = Stored(made.name);
    EXPECT_EQ(stored.state, stored.unlimited() ? State::kPending : State::kRedeemed);
    EXPECT_TRUE(Redeem(ann, made.secret)->already_member());
  }
}

TEST_F(KeeperTest, ARequestThatArrivesBeforeItIsAskedForIsSpentAndOneAfterwardsNeverJoins) {
  for (const bool in_time : {true, false}) {
    for (const Made& made : OneOfEach()) {
      const rpc::Call ann = NewUser("ann@example.com");
      membership_.delays_request = true;
      LeaveOpen(ann, made.secret);
      membership_.delays_request = false;
      Age();
      if (in_time) membership_.DeliverDelayed();
      ExpectSettled(made, in_time ? 1 : 0);
      membership_.DeliverDelayed();
      ExpectSettled(made, in_time ? 1 : 0);
      ASSERT_TRUE(Revoke(made.name).ok());
    }
  }
}

TEST_F(KeeperTest, WhoWasAMemberSpendsAMailAndNoLink) {
  for (const Made& made : OneOfEach()) {
    const rpc::Call ann = NewUser("ann@example.com");
    membership_.Add(UserOf(ann), {.role = rights::Role::kMember});
    membership_.loses_answer = true;
    LeaveOpen(ann, made.secret);
    Age();
    EXPECT_TRUE(keeper_.Round().ok());
    const bool link = Stored(made.name).link.has_value();
    EXPECT_EQ(Stored(made.name).spent, link ? 0 : 1);
    EXPECT_EQ(Stored(made.name).state, link ? State::kPending : State::kRedeemed);
    EXPECT_EQ(OpenCount(), 0);
  }
}

TEST_F(KeeperTest, AnAttemptAtAnInviteThatIsNoMoreEndsToo) {
  for (const Made& made : OneOfEach()) {
    membership_.loses_answer = true;
    LeaveOpen(NewUser("ann@example.com"), made.secret);
  }
  Sql("TRUNCATE invites");
  Age();
  EXPECT_TRUE(keeper_.Round().ok());
  EXPECT_EQ(OpenCount(), 0);
}

TEST_F(KeeperTest, WhatIsFreshIsLeftToItsCaller) {
  const Made made = Linked(1);
  membership_.loses_request = true;
  LeaveOpen(ann_, made.secret);
  EXPECT_TRUE(keeper_.Round().ok());
  EXPECT_EQ(OpenCount(), 1);
  Sql("UPDATE reservations SET create_us = create_us - 6000000 RETURNING join_key");
  EXPECT_TRUE(keeper_.Round().ok());
  EXPECT_EQ(OpenCount(), 0);
}

TEST_F(KeeperTest, WhileMembershipIsDownNothingIsFreedAndTheRestOfTheRoundIsDone) {
  const Made made = Linked(1), expired = MadeBy(GuestRequest());
  membership_.loses_request = true;
  LeaveOpen(ann_, made.secret);
  Age();
  Sql("UPDATE invites SET expire_us = create_us WHERE id = '" + expired.name.invite.ToString() +
      "' RETURNING id");
  membership_.unreachable = true;
  EXPECT_EQ(ReasonOf(keeper_.Round()), "SERVICE_UNAVAILABLE");
  EXPECT_EQ(OpenCount(), 1);
  EXPECT_EQ(Stored(expired.name).state, State::kExpired);
  membership_.unreachable = false;
  ExpectSettled(made, 0);
}

TEST_F(KeeperTest, EveryAttemptOfACrowdEndsAsItWasDecided) {
  const Made made = Linked(0);
  for (int i = 0; i < 600; ++i) {
    membership_.loses_answer = i % 2 == 0;
    membership_.loses_request = i % 2 != 0;
    LeaveOpen(NewUser(), made.secret);
  }
  Age();
  std::thread replica([&] { EXPECT_TRUE(Keeper(store_, upkeep_, membership_).Round().ok()); });
  ExpectSettled(made, 300);
  replica.join();
  ExpectSettled(made, 300);
}

TEST_F(KeeperTest, ALeaseThatRanOutLeavesTheDeliveryUnknown) {
  const Made made = MadeBy(GuestRequest());
  Sql("UPDATE invites SET delivery = 'SENDING', lease_us = create_us + 60000000 RETURNING id");
  EXPECT_TRUE(keeper_.Round().ok());
  EXPECT_EQ(Stored(made.name).delivery, Delivery::kSending);
  Sql("UPDATE invites SET lease_us = create_us RETURNING id");
  EXPECT_TRUE(keeper_.Round().ok());
  EXPECT_EQ(Stored(made.name).delivery, Delivery::kUnknown);
  EXPECT_TRUE(Redeem(ann_, made.secret).ok()) << "its secret works";
}

TEST_F(KeeperTest, WhatEndedLongAgoIsDroppedAndWhatAnswersAndCountsNobodyReads) {
  v1::CreateInviteRequest request = GuestRequest();
  request.set_request_id("r-1");
  const Made made = MadeBy(request);
  ASSERT_TRUE(Redeem(ann_, made.secret).ok());
  EXPECT_EQ(Sql("SELECT count(*)::text FROM sends"), "1");
  EXPECT_EQ(Sql("SELECT count(*)::text FROM request_answers"), "1");
  EXPECT_TRUE(keeper_.Round().ok());
  EXPECT_EQ(Sql("SELECT count(*)::text FROM invites"), "1");
  Sql("UPDATE invites SET end_us = end_us - 30::bigint * 86400 * 1000000 RETURNING id");
  Sql("UPDATE sends SET at_us = at_us - 3::bigint * 86400 * 1000000 RETURNING at_us");
  Sql("UPDATE request_answers SET keep_until_us = 1 RETURNING 1");
  EXPECT_TRUE(keeper_.Round().ok());
  for (const char* table : {"invites", "reservations", "sends", "request_answers"}) {
    EXPECT_EQ(Sql(std::string("SELECT count(*)::text FROM ") + table), "0") << table;
  }
  EXPECT_EQ(ReasonOf(Redeem(ann_, made.secret).status()), "INVITE_NOT_FOUND");
}

TEST_F(KeeperTest, ItGoesOnByItselfUntilItIsStopped) {
  const Made made = Linked(0);
  Keeper keeper(store_, upkeep_, membership_, {.interval = absl::Milliseconds(10)});
  membership_.loses_request = true;
  LeaveOpen(ann_, made.secret);
  keeper.Start();
  Age();
  EXPECT_TRUE(AwaitNothingOpen());
  membership_.loses_answer = true;
  LeaveOpen(bob_, made.secret);
  Age();
  EXPECT_TRUE(AwaitNothingOpen());
  keeper.Stop();
  keeper.Stop();
  EXPECT_EQ(Stored(made.name).spent, 1);
}

}  // namespace
}  // namespace guestpass::invite
