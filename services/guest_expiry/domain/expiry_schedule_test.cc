// SPDX-License-Identifier: Apache-2.0
#include "services/guest_expiry/domain/expiry_schedule.h"

#include <algorithm>
#include <vector>

#include "gtest/gtest.h"

namespace guestpass::guest_expiry {
namespace {

using Call = ExpirySchedule::Call;

constexpr absl::Duration kTrip = absl::Milliseconds(1);
constexpr int kLimit = 100;
const absl::Time kEpoch = absl::FromUnixSeconds(1'800'000'000);

// Plays the schedule on simulated time: membership answers each call after `trip`, half of it on the way
// there, from `deadlines` and `outcomes`.
class ExpiryScheduleTest : public testing::Test {
 protected:
  struct Done {
    Call call;
    absl::Duration began;
  };

  // Its clock runs with boot time, `ahead` of it.
  absl::Time DatabaseTime() const { return kEpoch + boot_ + ahead_; }

  Deadline Nearest() const {
    if (deadlines_.empty()) return {.database_time = DatabaseTime()};
    return {*std::min_element(deadlines_.begin(), deadlines_.end()), DatabaseTime()};
  }

  Outcome Apply() {
    if (next_outcome_ < outcomes_.size()) return outcomes_[next_outcome_++];
    Outcome outcome;
    for (auto it = deadlines_.begin(); it != deadlines_.end() && outcome.applied < kLimit;) {
      const bool due = *it <= DatabaseTime();
      outcome.applied += due ? 1 : 0;
      it = due ? deadlines_.erase(it) : it + 1;
    }
    return outcome;
  }

  // The next call, from its time to its answer.
  Done Step() {
    const ExpirySchedule::Step step = schedule_.Next();
    boot_ = std::max(boot_, step.at);
    const Done done{step.call, boot_};
    schedule_.Began(step.call, boot_);
    boot_ += trip_ / 2;
    if (fails_) {
      schedule_.Failed(boot_ += trip_ / 2);
    } else if (step.call == Call::kAsk) {
      const Deadline deadline = Nearest();
      schedule_.Answered(deadline, boot_ += trip_ / 2);
    } else {
      const Outcome outcome = Apply();
      schedule_.Applied(outcome, boot_ += trip_ / 2);
    }
    done_.push_back(done);
    return done;
  }

  // Steps until boot time has passed `until`.
  void PlayUntil(absl::Duration until) {
    while (std::max(boot_, schedule_.Next().at) <= until) Step();
  }

  Done StepToNextApply() {
    while (true) {
      const Done done = Step();
      if (done.call == Call::kApply) return done;
    }
  }

  int Count(Call call) const {
    return static_cast<int>(
        std::count_if(done_.begin(), done_.end(), [call](const Done& done) { return done.call == call; }));
  }

  ExpirySchedule schedule_{kLimit};
  absl::Duration boot_ = absl::Hours(1);
  absl::Duration ahead_ = absl::Minutes(7);
  absl::Duration trip_ = kTrip;
  bool fails_ = false;
  std::vector<absl::Time> deadlines_;
  std::vector<Outcome> outcomes_;
  size_t next_outcome_ = 0;
  std::vector<Done> done_;
};

TEST_F(ExpiryScheduleTest, AsksFirstAndAtOnce) {
  const Done first = Step();
  EXPECT_EQ(first.call, Call::kAsk);
  EXPECT_EQ(first.began, absl::Hours(1));
}

TEST_F(ExpiryScheduleTest, AppliesAtTheDeadlineOfTheDatabaseAndNeverBefore) {
  const absl::Time deadline = DatabaseTime() + absl::Milliseconds(350);
  deadlines_ = {deadline};
  const Done apply = StepToNextApply();
  const absl::Time began = kEpoch + apply.began + ahead_;
  EXPECT_GE(began, deadline);
  EXPECT_LE(began, deadline + kTrip);
  EXPECT_TRUE(deadlines_.empty());
}

TEST_F(ExpiryScheduleTest, WhatIsLongDueIsAppliedAtOnce) {
  deadlines_ = {DatabaseTime() - absl::Hours(5)};
  Step();
  const Done apply = Step();
  EXPECT_EQ(apply.call, Call::kApply);
  EXPECT_EQ(apply.began, absl::Hours(1) + kTrip);
}

TEST_F(ExpiryScheduleTest, AFullBatchIsFollowedAtOnceUntilNoneIsLeft) {
  deadlines_.assign(3 * kLimit + 1, DatabaseTime());
  PlayUntil(absl::Hours(1) + absl::Milliseconds(10));
  EXPECT_TRUE(deadlines_.empty());
  EXPECT_EQ(Count(Call::kApply), 4);
}

TEST_F(ExpiryScheduleTest, AfterABatchTheNextDeadlineIsAskedForAtOnce) {
  deadlines_ = {DatabaseTime() + absl::Milliseconds(30), DatabaseTime() + absl::Milliseconds(32)};
  StepToNextApply();
  const absl::Time second = deadlines_.at(0);
  EXPECT_EQ(Step().call, Call::kAsk);
  const Done apply = Step();
  EXPECT_EQ(apply.call, Call::kApply);
  EXPECT_LE(kEpoch + apply.began + ahead_, second + 2 * kTrip);
}

TEST_F(ExpiryScheduleTest, ANearerDeadlineThatTheFeedTellsPullsForward) {
  deadlines_ = {DatabaseTime() + absl::Hours(1)};
  Step();
  const absl::Time nearer = DatabaseTime() + absl::Milliseconds(20);
  deadlines_.push_back(nearer);
  schedule_.Heard(nearer);
  const Done apply = Step();
  EXPECT_EQ(apply.call, Call::kApply);
  EXPECT_GE(kEpoch + apply.began + ahead_, nearer);
  EXPECT_LE(kEpoch + apply.began + ahead_, nearer + kTrip);
}

TEST_F(ExpiryScheduleTest, WhatIsHeardWhileAskingIsKeptThoughTheAnswerIsOlder) {
  Step();
  boot_ = schedule_.Next().at;
  schedule_.Began(Call::kAsk, boot_);
  const Deadline older = Nearest();
  const absl::Time heard = DatabaseTime() + absl::Milliseconds(10);
  schedule_.Heard(heard);
  schedule_.Answered(older, boot_ += kTrip);
  const ExpirySchedule::Step next = schedule_.Next();
  EXPECT_EQ(next.call, Call::kApply);
  EXPECT_GE(kEpoch + next.at + ahead_, heard);
}

TEST_F(ExpiryScheduleTest, ANearerDeadlineThatNobodyTellsIsActedOnWithin100Ms) {
  deadlines_ = {DatabaseTime() + absl::Hours(1)};
  for (int i = 0; i < 200; ++i) {
    PlayUntil(boot_ + absl::Milliseconds(i));
    const absl::Duration set = boot_;
    deadlines_.push_back(DatabaseTime());
    const Done apply = StepToNextApply();
    EXPECT_LE(apply.began - set, absl::Milliseconds(100));
    EXPECT_EQ(deadlines_.size(), 1u);
  }
}

TEST_F(ExpiryScheduleTest, ADeadlineThatIsMovedAwayCostsNoApply) {
  deadlines_ = {DatabaseTime() + absl::Milliseconds(500)};
  Step();
  deadlines_ = {DatabaseTime() + absl::Hours(1)};
  PlayUntil(boot_ + absl::Seconds(10));
  EXPECT_EQ(Count(Call::kApply), 0);
}

TEST_F(ExpiryScheduleTest, SkippedAndBusyAreTriedAgainAfter10MsDoublingTo200) {
  for (const Outcome& held : {Outcome{.skipped = 1}, Outcome{.busy_shards = 1}}) {
    deadlines_ = {DatabaseTime()};
    outcomes_.assign(8, held);
    next_outcome_ = 0;
    absl::Duration last = StepToNextApply().began;
    for (const int pause_ms : {10, 20, 40, 80, 160, 200, 200}) {
      const absl::Duration began = StepToNextApply().began;
      EXPECT_GE(began - last, kTrip + absl::Milliseconds(pause_ms));
      EXPECT_LE(began - last, 2 * kTrip + absl::Milliseconds(pause_ms));
      last = began;
    }
    StepToNextApply();
    EXPECT_TRUE(deadlines_.empty());
  }
}

TEST_F(ExpiryScheduleTest, WhatIsHeldIsTriedAgainEvenIfTheNearestDeadlineIsFarAway) {
  deadlines_ = {DatabaseTime()};
  outcomes_ = {{.busy_shards = 1}};
  const absl::Duration first = StepToNextApply().began;
  deadlines_ = {DatabaseTime() + absl::Hours(1)};
  EXPECT_LE(StepToNextApply().began - first, absl::Milliseconds(10) + 2 * kTrip);
}

TEST_F(ExpiryScheduleTest, ADeadlineThatComesDuringAPauseIsNotHeldUp) {
  deadlines_ = {DatabaseTime()};
  outcomes_.assign(6, {.skipped = 1});
  for (int i = 0; i < 6; ++i) StepToNextApply();
  Step();  // asks, and hears of the stuck one only
  const absl::Time coming = DatabaseTime() + absl::Milliseconds(20);
  schedule_.Heard(coming);
  const Done apply = StepToNextApply();
  EXPECT_GE(kEpoch + apply.began + ahead_, coming);
  EXPECT_LE(kEpoch + apply.began + ahead_, coming + kTrip);
}

TEST_F(ExpiryScheduleTest, ProgressBeginsThePausesAnew) {
  deadlines_ = {DatabaseTime()};
  outcomes_ = {{.skipped = 1}, {.skipped = 1}, {.applied = 1, .skipped = 1}};
  StepToNextApply();
  StepToNextApply();
  const absl::Duration third = StepToNextApply().began;
  EXPECT_LE(StepToNextApply().began - third, absl::Milliseconds(10) + 2 * kTrip);
}

TEST_F(ExpiryScheduleTest, AnApplyInVainIsRepeatedAtOnceAndThenLessAndLess) {
  deadlines_ = {DatabaseTime()};
  outcomes_.assign(1000, {});
  const absl::Duration first = StepToNextApply().began;
  EXPECT_LE(StepToNextApply().began - first, 2 * kTrip);
  PlayUntil(first + absl::Seconds(10));
  EXPECT_LE(Count(Call::kApply), 60);
  next_outcome_ = outcomes_.size();
  StepToNextApply();
  deadlines_ = {DatabaseTime() + absl::Milliseconds(40)};
  const absl::Time next = deadlines_[0];
  const Done apply = StepToNextApply();
  EXPECT_LE(kEpoch + apply.began + ahead_, next + kTrip) << "a pause outlived its cause";
}

TEST_F(ExpiryScheduleTest, AClockThatIsSetBackMakesNoBusyLoop) {
  deadlines_ = {DatabaseTime() + absl::Milliseconds(50)};
  Step();
  ahead_ -= absl::Seconds(5);
  PlayUntil(boot_ + absl::Seconds(4));
  EXPECT_LE(Count(Call::kApply), 1);
  EXPECT_LE(Count(Call::kAsk), 50);
  StepToNextApply();
  EXPECT_TRUE(deadlines_.empty());
}

TEST_F(ExpiryScheduleTest, AtRestItAsksElevenTimesASecondAndNoMore) {
  PlayUntil(boot_ + absl::Seconds(10));
  EXPECT_EQ(Count(Call::kApply), 0);
  EXPECT_LE(Count(Call::kAsk), 112);
  EXPECT_GE(Count(Call::kAsk), 100);
}

TEST_F(ExpiryScheduleTest, ALateAnswerIsFollowedByANewQuestionAtOnce) {
  trip_ = absl::Seconds(3);
  deadlines_ = {DatabaseTime() + absl::Seconds(4)};
  Step();
  trip_ = kTrip;
  const absl::Duration answered = boot_;
  const Done again = Step();
  EXPECT_EQ(again.call, Call::kAsk);
  EXPECT_EQ(again.began, answered);
  const absl::Time deadline = deadlines_[0];
  const Done apply = StepToNextApply();
  EXPECT_GE(kEpoch + apply.began + ahead_, deadline);
  EXPECT_LE(kEpoch + apply.began + ahead_, deadline + kTrip);
}

TEST_F(ExpiryScheduleTest, FailuresAreRepeatedAfter50MsDoublingTo1Second) {
  deadlines_ = {DatabaseTime() + absl::Milliseconds(5)};
  Step();
  EXPECT_FALSE(schedule_.failing());
  fails_ = true;
  absl::Duration last = Step().began;
  for (const int pause_ms : {50, 100, 200, 400, 800, 1000, 1000}) {
    const Done done = Step();
    EXPECT_EQ(done.call, Call::kAsk);
    EXPECT_EQ(done.began - last, kTrip + absl::Milliseconds(pause_ms));
    EXPECT_TRUE(schedule_.failing());
    last = done.began;
  }
  fails_ = false;
  StepToNextApply();
  EXPECT_TRUE(deadlines_.empty());
  EXPECT_FALSE(schedule_.failing());
  fails_ = true;
  const absl::Duration again = Step().began;
  EXPECT_EQ(Step().began - again, kTrip + absl::Milliseconds(50));
}

TEST_F(ExpiryScheduleTest, ItIsFailingWhileAskingWorksAndApplyingDoesNot) {
  deadlines_ = {DatabaseTime()};
  for (int i = 0; i < 10; ++i) {
    fails_ = schedule_.Next().call == Call::kApply;
    Step();
    EXPECT_EQ(schedule_.failing(), i > 0);
  }
  EXPECT_GE(boot_ - absl::Hours(1), absl::Milliseconds(50 + 100 + 200 + 400)) << "the pauses did not grow";
}

TEST_F(ExpiryScheduleTest, AFloodOfEntriesIsOneApply) {
  Step();
  for (int i = 0; i < 1000; ++i) schedule_.Heard(DatabaseTime() + absl::Microseconds(i));
  PlayUntil(boot_ + absl::Seconds(1));
  EXPECT_EQ(Count(Call::kApply), 1);
}

}  // namespace
}  // namespace guestpass::guest_expiry
