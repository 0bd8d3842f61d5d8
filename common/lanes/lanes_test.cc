// SPDX-License-Identifier: Apache-2.0
#include "common/lanes/lanes.h"

#include <atomic>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace guestpass {
namespace {

// Each number goes with others of its hundred thousand, but not with itself.
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
    NumberLanes lanes(1, most, [&](const NumberLanes::Batch& batch) {
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

TEST(Lanes, WhoseKeyIsAnotherWaitsForNobody) {
  absl::Notification held, go;
  NumberLanes lanes(1, 8, [&](const NumberLanes::Batch& batch) {
    if (*batch[0] > 1) return;
    held.Notify();
    go.WaitForNotification();
  });
  int slow = 1, other = 100'001;
  std::thread holder([&] { lanes.Do(slow); });
  held.WaitForNotification();
  lanes.Do(other);
  go.Notify();
  holder.join();
}

TEST(Lanes, EachItemIsDoneOnceAndNoMoreLanesAreBusyThanThereAre) {
  std::atomic<int> busy = 0, most = 0, done = 0;
  NumberLanes lanes(3, 8, [&](const NumberLanes::Batch& batch) {
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
        int number = thread * 500 + i;
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

}  // namespace
}  // namespace guestpass
