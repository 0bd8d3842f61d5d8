// SPDX-License-Identifier: Apache-2.0
#include "common/lanes/lanes.h"

#include <atomic>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace guestpass {
namespace {

// Each number's key is its hundred thousand. It goes with any other, but not with itself.
class Different {
 public:
  using Key = int;
  static Key KeyOf(int number) { return number / 100'000; }
  bool Take(int number) { return numbers_.insert(number).second; }

 private:
  std::set<int> numbers_;
};

using NumberLanes = Lanes<int, Different>;

class LanesTest : public testing::Test {
 protected:
  // Does each of the numbers on a thread of its own, in order, while the first one holds the only lane.
  std::vector<std::vector<int>> Batches(const std::vector<int>& numbers, size_t most) {
    std::vector<std::vector<int>> batches;
    absl::Notification held, go;
    NumberLanes lanes({.lanes = 1, .most = most}, [&](const NumberLanes::Batch& batch) {
      std::vector<int>& seen = batches.emplace_back();
      for (const int* number : batch) seen.push_back(*number);
      if (batches.size() > 1) return;
      held.Notify();
      go.WaitForNotification();
    });
    std::vector<int> items = numbers;
    std::vector<std::thread> threads;
    for (size_t i = 0; i < items.size(); ++i) {
      threads.emplace_back([&, i] { lanes.Do(items[i]); });
      if (i == 0) held.WaitForNotification();
      while (lanes.waiting() < i) std::this_thread::yield();
    }
    go.Notify();
    for (std::thread& thread : threads) thread.join();
    return batches;
  }
};

TEST_F(LanesTest, WhatComesWhileTheLaneIsBusyGoesTogether) {
  const auto batches = Batches({1, 2, 3, 4}, 10);
  ASSERT_EQ(batches.size(), 2u);
  EXPECT_EQ(batches[0], std::vector<int>({1})) << "it waited for nobody";
  EXPECT_EQ(std::multiset<int>(batches[1].begin(), batches[1].end()), (std::multiset<int>{2, 3, 4}));
}

TEST_F(LanesTest, NoMoreGoTogetherThanMay) {
  size_t done = 0;
  for (const auto& batch : Batches({1, 2, 3, 4, 5, 6}, 2)) {
    EXPECT_LE(batch.size(), 2u);
    done += batch.size();
  }
  EXPECT_EQ(done, 6u);
}

TEST_F(LanesTest, WhatDoesNotGoTogetherGoesLater) {
  const auto batches = Batches({1, 7, 7, 7, 8}, 10);
  EXPECT_EQ(batches.size(), 4u);
  for (const auto& batch : batches) EXPECT_EQ(std::set<int>(batch.begin(), batch.end()).size(), batch.size());
}

// Holds a lane for the first number, and does others meanwhile.
class Holder {
 public:
  explicit Holder(const LaneOptions& options)
      : lanes_(options, [this](const NumberLanes::Batch& batch) {
          std::vector<int> numbers;
          for (const int* number : batch) numbers.push_back(*number);
          absl::Notification* hold = nullptr;
          {
            absl::MutexLock lock(&mutex_);
            const auto held = holds_.find(numbers[0]);
            if (held != holds_.end()) hold = &held->second;
            batches_.push_back(numbers);
          }
          if (hold != nullptr) hold->WaitForNotification();
        }) {}
  ~Holder() {
    for (auto& [number, hold] : holds_) {
      if (!hold.HasBeenNotified()) hold.Notify();
    }
    for (std::thread& thread : threads_) thread.join();
  }

  void Hold(int number) { HoldCrowd({number}); }
  // Several of one caller, the first of which is held.
  void HoldCrowd(std::vector<int> numbers) {
    {
      absl::MutexLock lock(&mutex_);
      holds_[numbers[0]];
    }
    const size_t before = batches().size();
    threads_.emplace_back([this, numbers]() mutable {
      NumberLanes::Batch crowd;
      for (int& number : numbers) crowd.push_back(&number);
      lanes_.DoAll(crowd);
    });
    while (batches().size() == before) std::this_thread::yield();
  }
  void Release(int number) { holds_.at(number).Notify(); }
  // Until everybody has been answered.
  void AwaitAll() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  void Begin(int number) {
    threads_.emplace_back([this, number]() mutable { lanes_.Do(number); });
  }
  void BeginAndWait(int number) {
    const size_t before = lanes_.waiting();
    Begin(number);
    while (lanes_.waiting() == before) std::this_thread::yield();
  }
  std::vector<std::vector<int>> Await(size_t count) {
    while (batches().size() < count) std::this_thread::yield();
    return batches();
  }

 private:
  std::vector<std::vector<int>> batches() {
    absl::MutexLock lock(&mutex_);
    return batches_;
  }

  absl::Mutex mutex_;
  std::vector<std::vector<int>> batches_;
  std::map<int, absl::Notification> holds_;
  NumberLanes lanes_;
  std::vector<std::thread> threads_;
};

using Sequence = std::vector<std::vector<int>>;

TEST(Lanes, ALaneBesideABusyOneIsForWhoHasWaited) {
  Holder patient({.lanes = 2, .patience = absl::Hours(1)});
  patient.Hold(1);
  for (const int number : {2, 3}) patient.BeginAndWait(number);
  patient.Release(1);
  EXPECT_EQ(patient.Await(2), (Sequence{{1}, {2, 3}}));

  Holder impatient({.lanes = 2, .patience = absl::Milliseconds(1)});
  impatient.Hold(1);
  impatient.Begin(2);
  EXPECT_EQ(impatient.Await(2), (Sequence{{1}, {2}})) << "while the first lane is held";
}

TEST(Lanes, WhoseKeyIsAnotherWaitsForNobodyWhereThereIsALane) {
  Holder holder({.per_key = 1});
  holder.Hold(1);
  holder.Begin(100'001);
  EXPECT_EQ(holder.Await(2), (Sequence{{1}, {100'001}}));
}

TEST(Lanes, WhoseKeyIsBusyIsPassedByOthersUntilItIsNot) {
  Holder holder({.lanes = 2, .per_key = 1});
  holder.Hold(1);
  holder.Hold(200'001);
  for (const int number : {2, 100'001, 3, 300'001, 100'002}) holder.BeginAndWait(number);
  holder.Release(200'001);
  EXPECT_EQ(holder.Await(3)[2], (std::vector<int>{100'001, 300'001, 100'002}));
  holder.Release(1);
  EXPECT_EQ(holder.Await(4)[3], (std::vector<int>{2, 3}));
}

TEST(Lanes, WhoHasWaitedLongestGoesNext) {
  Holder holder({.lanes = 1, .most = 1});
  holder.Hold(1);
  for (const int number : {5, 4, 100'003, 2}) holder.BeginAndWait(number);
  holder.Release(1);
  EXPECT_EQ(holder.Await(5), (Sequence{{1}, {5}, {4}, {100'003}, {2}}));
}

TEST(Lanes, EachItemIsDoneOnceAndNoMoreLanesAreBusyThanMay) {
  std::atomic<int> busy = 0, most = 0, done = 0;
  NumberLanes lanes({.lanes = 3, .per_key = 3, .most = 8}, [&](const NumberLanes::Batch& batch) {
    const int now = ++busy;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) continue;
    for (int* number : batch) *number = -*number;
    done += static_cast<int>(batch.size());
    std::this_thread::yield();
    --busy;
  });
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 20; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 1; i <= 500; ++i) {
        int number = thread * 20'000 + i;
        const int negative = -number;
        lanes.Do(number);
        ASSERT_EQ(number, negative);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 20 * 500);
  EXPECT_LE(most, 3);
  EXPECT_EQ(lanes.waiting(), 0u);
}

TEST(Lanes, SeveralOfOneCallerGoTogetherWhereTheyMay) {
  std::vector<std::vector<int>> batches;
  NumberLanes lanes({}, [&](const NumberLanes::Batch& batch) {
    std::vector<int>& seen = batches.emplace_back();
    for (const int* number : batch) seen.push_back(*number);
  });
  std::vector<int> numbers{1, 2, 2, 3};
  lanes.DoAll({&numbers[0], &numbers[1], &numbers[2], &numbers[3]});
  EXPECT_EQ(batches, (Sequence{{1, 2, 3}, {2}}));
  lanes.DoAll({});
  EXPECT_EQ(batches.size(), 2u);
}

TEST(Lanes, WhatFollowsTheWorkNeedsNoLaneButIsWaitedFor) {
  absl::Notification follows, may_end;
  std::atomic<bool> is_done = false;
  NumberLanes lanes(
      {.lanes = 1}, [](const NumberLanes::Batch&) {},
      [&](const NumberLanes::Batch& batch) {
        if (*batch[0] != 1) return;
        follows.Notify();
        may_end.WaitForNotification();
      });
  std::thread first([&] {
    int number = 1;
    lanes.Do(number);
    is_done = true;
  });
  follows.WaitForNotification();
  int number = 2;
  lanes.Do(number);
  EXPECT_FALSE(is_done);
  may_end.Notify();
  first.join();
}

TEST(Lanes, ACrowdIsWaitedForWhenItComesBack) {
  Holder patient({.lanes = 1, .gather = absl::Hours(1)});
  patient.Hold(1);
  for (const int number : {2, 3}) patient.BeginAndWait(number);
  patient.Release(1);
  patient.AwaitAll();
  patient.BeginAndWait(4);
  patient.Begin(5);
  EXPECT_EQ(patient.Await(3), (Sequence{{1}, {2, 3}, {4, 5}}));

  Holder brief({.lanes = 1, .gather = absl::Milliseconds(1)});
  brief.Hold(1);
  for (const int number : {2, 3}) brief.BeginAndWait(number);
  brief.Release(1);
  brief.AwaitAll();
  brief.Begin(4);
  EXPECT_EQ(brief.Await(3), (Sequence{{1}, {2, 3}, {4}}));
}

// Three of one caller that may not go together, while another lane is busy: the caller has one thread, so it
// is in one lane at a time, and nobody else waits for it.
TEST(Lanes, WhatIsLeftOfACrowdHoldsUpNobody) {
  Holder holder({.lanes = 3, .patience = absl::Milliseconds(1)});
  holder.Hold(1);
  holder.HoldCrowd({2, 2, 2});
  holder.Begin(3);
  EXPECT_EQ(holder.Await(3), (Sequence{{1}, {2}, {3, 2}})) << "who comes takes one of them along";
  holder.Release(2);
  EXPECT_EQ(holder.Await(4)[3], (std::vector<int>{2}));
}

// A line, as whoever has its lock sees it.
template <typename Company>
class LineOf : public testing::Test {
 protected:
  using NumberLine = Line<int, Company>;

  explicit LineOf(const LaneOptions& options) : line_(options) {}

  // Whether it is the one who gathers.
  bool Enter(int number) {
    auto& place = places_.emplace_back(typename NumberLine::Place{&numbers_.emplace_back(number)});
    place.late = true;
    const bool gathers = line_.Enter(place);
    line_.CallLeaders();
    return gathers;
  }

  // The batch that is under way, which ends.
  std::vector<int> End() {
    std::vector<int> batch;
    for (auto& place : places_) {
      if (place.batch.empty()) continue;
      for (const auto* taken : place.batch) batch.push_back(*taken->item);
      line_.Leave(place);
      line_.Dismiss(place);
      break;
    }
    line_.CallLeaders();
    return batch;
  }

  // Two come while one is under way, and go together.
  void MakeACrowd() {
    for (const int number : {1, 2, 3}) EXPECT_FALSE(Enter(number)) << "nobody was in company before";
    EXPECT_EQ(End(), (std::vector<int>{1}));
    EXPECT_EQ(End(), (std::vector<int>{2, 3}));
  }

  std::deque<int> numbers_;
  std::deque<typename NumberLine::Place> places_;
  NumberLine line_;
};

class LineTest : public LineOf<Different> {
 protected:
  LineTest() : LineOf({.lanes = 1, .gather = absl::Seconds(1)}) {}
};

// Each number with those of its key.
class OneKey {
 public:
  using Key = int;
  static Key KeyOf(int number) { return number / 100'000; }
  bool Take(int number) {
    if (!key_.has_value()) key_ = KeyOf(number);
    return KeyOf(number) == key_;
  }

 private:
  std::optional<Key> key_;
};

// One lane for each key.
class KeyedLineTest : public LineOf<OneKey> {
 protected:
  KeyedLineTest() : LineOf({.per_key = 1, .gather = absl::Seconds(1)}) {}
};

TEST_F(LineTest, WhoComesFirstOfACrowdWaitsForAsManyAsWentLast) {
  MakeACrowd();
  EXPECT_TRUE(Enter(4));
  EXPECT_EQ(End(), std::vector<int>()) << "it has not begun";
  EXPECT_FALSE(Enter(5)) << "one says for all when it is enough";
  EXPECT_EQ(End(), (std::vector<int>{4, 5}));
}

TEST_F(LineTest, NobodyGathersForLongerThanItSaysNorTwiceInVain) {
  MakeACrowd();
  for (const int number : {4, 5}) {
    EXPECT_TRUE(Enter(number));
    line_.Ripen();
    line_.CallLeaders();
    EXPECT_EQ(End(), std::vector<int>{number});
  }
  EXPECT_FALSE(Enter(6));
  EXPECT_EQ(End(), (std::vector<int>{6}));
}

TEST_F(KeyedLineTest, WhoGathersLeavesNobodyOfAnotherKeyWaiting) {
  MakeACrowd();
  EXPECT_TRUE(Enter(4));
  EXPECT_FALSE(Enter(100'004));
  EXPECT_EQ(End(), (std::vector<int>{4}));
  EXPECT_EQ(End(), (std::vector<int>{100'004})) << "both were under way";
}

TEST_F(LineTest, WhoHasWaitedForALaneWaitsForNoCompany) {
  MakeACrowd();
  EXPECT_TRUE(Enter(4));
  Enter(5);
  EXPECT_FALSE(Enter(6));
  EXPECT_EQ(End(), (std::vector<int>{4, 5}));
  EXPECT_EQ(End(), (std::vector<int>{6}));
}

}  // namespace
}  // namespace guestpass
