// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/shared_read.h"

#include <atomic>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace guestpass::membership {
namespace {

TEST(SharedRead, WhoAsksWhileAReadRunsSharesTheNextOneWithAllOthersWhoWait) {
  absl::Mutex mutex;
  int begun = 0;
  bool open = false;
  SharedRead<int> heads([&]() -> absl::StatusOr<int> {
    absl::MutexLock lock(&mutex);
    const int read = ++begun;
    mutex.Await(absl::Condition(&open));
    return read;
  });
  int first = 0;
  std::thread early([&] { first = *heads.Get(); });
  mutex.LockWhen(absl::Condition(
      +[](int* count) { return *count == 1; }, &begun));
  mutex.Unlock();
  std::vector<int> answers(10);
  std::vector<std::thread> late;
  for (int& answer : answers) {
    late.emplace_back([&] { answer = *heads.Get(); });
  }
  while (heads.waiting() < 10) std::this_thread::yield();
  mutex.Lock();
  open = true;
  mutex.Unlock();
  early.join();
  for (std::thread& thread : late) thread.join();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(answers, std::vector<int>(10, 2));
  EXPECT_EQ(begun, 2);
}

TEST(SharedRead, AnAnswerNeverComesFromAReadThatBeganBeforeItWasAskedFor) {
  std::atomic<int> now = 0;
  SharedRead<int> read([&]() -> absl::StatusOr<int> {
    const int began = ++now;
    std::this_thread::yield();
    return began;
  });
  std::vector<std::thread> askers;
  for (int i = 0; i < 8; ++i) {
    askers.emplace_back([&] {
      for (int k = 0; k < 2000; ++k) {
        const int asked = now;
        ASSERT_GT(*read.Get(), asked);
      }
    });
  }
  for (std::thread& asker : askers) asker.join();
}

TEST(SharedRead, AFailureReachesWhoSharedIt) {
  SharedRead<int> read([]() -> absl::StatusOr<int> { return absl::UnavailableError("away"); });
  EXPECT_TRUE(absl::IsUnavailable(read.Get().status()));
  EXPECT_TRUE(absl::IsUnavailable(read.Get().status()));
}

}  // namespace
}  // namespace guestpass::membership
