// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/executor.h"

#include <atomic>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"

namespace guestpass::rpc {
namespace {

TEST(Executor, RefusesWhatItsQueueCannotHoldAndRecovers) {
  Executor executor(1, 2);
  absl::Notification started, release;
  ASSERT_TRUE(executor.Submit([&] {
    started.Notify();
    release.WaitForNotification();
  }));
  started.WaitForNotification();
  absl::Notification done;
  EXPECT_TRUE(executor.Submit([] {}));
  EXPECT_TRUE(executor.Submit([&] { done.Notify(); }));
  EXPECT_FALSE(executor.Submit([] {}));
  release.Notify();
  done.WaitForNotification();
  EXPECT_TRUE(executor.Submit([] {}));
}

TEST(Executor, RunsWhatWasQueuedBeforeItEnds) {
  std::atomic<int> ran{0};
  {
    Executor executor(4, 1000);
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(executor.Submit([&] { ++ran; }));
  }
  EXPECT_EQ(ran, 1000);
}

}  // namespace
}  // namespace guestpass::rpc
