// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/access_lanes.h"

#include <atomic>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::membership {
namespace {

// A process edge: stands for the database, and does what the test says.
class ScriptedReader : public AccessReader {
 public:
  using Script = std::function<absl::StatusOr<AccessRead>(const std::vector<AccessQuery>&)>;
  explicit ScriptedReader(Script script) : script_(std::move(script)) {}

  absl::StatusOr<AccessRead> ReadAccess(const std::vector<AccessQuery>& queries) override {
    return script_(queries);
  }

 private:
  const Script script_;
};

WorkspaceId IdOf(int i) {
  std::string text = absl::StrCat("w", i);
  for (char& c : text) c = c >= '0' && c <= '9' ? static_cast<char>('a' + (c - '0')) : c;
  text.resize(WorkspaceId::kLength, 'z');
  return *WorkspaceId::Parse(text);
}

AccessQuery QueryOf(int i) { return {.workspace = IdOf(i)}; }

// Answers each query with a number of its workspace's, so that answers cannot be mixed up unseen.
uint64_t NumberOf(const WorkspaceId& workspace) {
  uint64_t number = 0;
  for (const char c : workspace.text()) number = number * 31 + static_cast<unsigned char>(c);
  return number;
}

AccessRead AnswerTo(const std::vector<AccessQuery>& queries) {
  AccessRead read{.epoch = "epoch"};
  for (const AccessQuery& query : queries) {
    read.rights.push_back({.found = true, .n = NumberOf(query.workspace)});
  }
  return read;
}

TEST(AccessLanes, WhatGathersWhileALaneReadsGoesTogetherAndEachGetsItsOwn) {
  absl::Notification first_began, release;
  std::vector<size_t> sizes;
  ScriptedReader reader([&](const std::vector<AccessQuery>& queries) {
    sizes.push_back(queries.size());
    if (sizes.size() == 1) {
      first_began.Notify();
      release.WaitForNotification();
    }
    return AnswerTo(queries);
  });
  AccessLanes lanes(reader, /*lanes=*/1);
  absl::BlockingCounter answered(12);
  const auto submit = [&](std::vector<AccessQuery> queries) {
    lanes.Submit(queries, [&answered, queries](const absl::StatusOr<AccessRead>& read) {
      ASSERT_TRUE(read.ok());
      ASSERT_EQ(read->rights.size(), queries.size());
      for (size_t i = 0; i < queries.size(); ++i) {
        EXPECT_EQ(read->rights[i].n, NumberOf(queries[i].workspace));
      }
      EXPECT_EQ(read->epoch, "epoch");
      answered.DecrementCount();
    });
  };
  submit({QueryOf(0)});
  first_began.WaitForNotification();
  for (int i = 1; i <= 10; ++i) submit({QueryOf(i)});
  submit({QueryOf(11), QueryOf(12), QueryOf(13)});
  release.Notify();
  answered.Wait();
  EXPECT_EQ(sizes, (std::vector<size_t>{1, 13}));
}

TEST(AccessLanes, OneStatementIsInFlightWhileNobodyHasWaitedForLong) {
  absl::Notification first_began, release;
  std::vector<size_t> sizes;
  ScriptedReader reader([&](const std::vector<AccessQuery>& queries) {
    sizes.push_back(queries.size());
    if (!first_began.HasBeenNotified()) {
      first_began.Notify();
      release.WaitForNotification();
    }
    return AnswerTo(queries);
  });
  AccessLanes lanes(reader, /*lanes=*/3, /*patience=*/absl::InfiniteDuration());
  for (int i = 0; i < 11; ++i) {
    lanes.Submit({QueryOf(i)}, [](const auto&) {});
    first_began.WaitForNotification();
  }
  release.Notify();
  lanes.Stop();
  EXPECT_EQ(sizes, (std::vector<size_t>{1, 10}));
}

TEST(AccessLanes, SlowStatementsHoldUpOthersForNoLongerThanTheirPatience) {
  absl::Notification release, answered;
  std::atomic<int> reads{0};
  ScriptedReader reader([&](const std::vector<AccessQuery>& queries) {
    if (++reads <= 2) release.WaitForNotification();
    return AnswerTo(queries);
  });
  AccessLanes lanes(reader, /*lanes=*/3);
  for (int slow = 1; slow <= 2; ++slow) {
    lanes.Submit({QueryOf(slow)}, [](const auto&) {});
    while (reads < slow) std::this_thread::yield();
  }
  lanes.Submit({QueryOf(3)}, [&](const auto&) { answered.Notify(); });
  EXPECT_TRUE(answered.WaitForNotificationWithTimeout(absl::Seconds(20))) << "there was a lane for it";
  release.Notify();
}

TEST(AccessLanes, WhatIsAskedTogetherIsReadTogetherAndABatchTakesNoMoreThan256Beside) {
  absl::Notification first_began, release;
  std::vector<size_t> sizes;
  ScriptedReader reader([&](const std::vector<AccessQuery>& queries) {
    sizes.push_back(queries.size());
    if (sizes.size() == 1) {
      first_began.Notify();
      release.WaitForNotification();
    }
    return AnswerTo(queries);
  });
  {
    AccessLanes lanes(reader, /*lanes=*/1);
    const auto submit = [&](size_t count) {
      lanes.Submit(std::vector<AccessQuery>(count, QueryOf(0)), [](const auto&) {});
    };
    submit(1);
    first_began.WaitForNotification();
    submit(1000);
    submit(200);
    submit(56);
    submit(1);
    release.Notify();
  }
  EXPECT_EQ(sizes, (std::vector<size_t>{1, 1000, 256, 1}));
}

TEST(AccessLanes, EachAnswerIsOfAReadThatBeganAfterItsQuestion) {
  std::atomic<uint64_t> begun{0};
  ScriptedReader reader([&](const std::vector<AccessQuery>& queries) {
    AccessRead read = AnswerTo(queries);
    const uint64_t number = ++begun;
    std::this_thread::yield();
    for (AccessRights& rights : read.rights) rights.n = number;
    return read;
  });
  AccessLanes lanes(reader);
  std::vector<std::thread> askers;
  for (int i = 0; i < 8; ++i) {
    askers.emplace_back([&] {
      for (int j = 0; j < 2000; ++j) {
        const uint64_t before = begun;
        absl::Notification answered;
        lanes.Submit({QueryOf(j)}, [&](const absl::StatusOr<AccessRead>& read) {
          EXPECT_GT(read->rights[0].n, before);
          answered.Notify();
        });
        answered.WaitForNotification();
      }
    });
  }
  for (std::thread& asker : askers) asker.join();
}

TEST(AccessLanes, AFullQueueRefusesAtOnceAndRecovers) {
  absl::Notification release;
  ScriptedReader reader([&](const std::vector<AccessQuery>& queries) {
    release.WaitForNotification();
    return AnswerTo(queries);
  });
  AccessLanes lanes(reader);
  std::atomic<int> answered{0};
  bool refused = false;
  int asked = 0;
  while (!refused && asked < 10'000) {
    ++asked;
    lanes.Submit({QueryOf(0)}, [&](const absl::StatusOr<AccessRead>& read) {
      ++answered;
      if (read.ok()) return;
      refused = true;
      EXPECT_EQ(DetailsOf(read.status())->reason, Reason::kOverloaded);
      EXPECT_EQ(DetailsOf(read.status())->retry_after, absl::Milliseconds(200));
    });
  }
  EXPECT_TRUE(refused);
  EXPECT_GT(asked, 4096);
  release.Notify();
  for (bool served = false; !served;) {
    absl::Notification done;
    lanes.Submit({QueryOf(0)}, [&](const absl::StatusOr<AccessRead>& read) {
      served = read.ok();
      done.Notify();
    });
    done.WaitForNotification();
  }
  lanes.Stop();
  EXPECT_EQ(answered, asked);
}

TEST(AccessLanes, AnErrorIsTheAnswerToAllWhomItReachesAndToNoneAfter) {
  std::atomic<int> reads{0};
  absl::Notification first_began, release;
  ScriptedReader reader([&](const std::vector<AccessQuery>& queries) -> absl::StatusOr<AccessRead> {
    const int read = ++reads;
    if (read == 1) {
      first_began.Notify();
      release.WaitForNotification();
    }
    if (read == 2) return Error(Reason::kDatabaseUnavailable, "away");
    return AnswerTo(queries);
  });
  AccessLanes lanes(reader, /*lanes=*/1);
  std::vector<std::string> answers(4);
  absl::BlockingCounter three(3);
  const auto submit = [&](size_t i, absl::BlockingCounter& counter) {
    lanes.Submit({QueryOf(0)}, [&answers, &counter, i](const absl::StatusOr<AccessRead>& read) {
      answers[i] = read.ok() ? "OK" : std::string(read.status().message());
      counter.DecrementCount();
    });
  };
  submit(0, three);
  first_began.WaitForNotification();
  submit(1, three);
  submit(2, three);
  release.Notify();
  three.Wait();
  absl::BlockingCounter last(1);
  submit(3, last);
  last.Wait();
  EXPECT_EQ(answers, (std::vector<std::string>{"OK", "away", "away", "OK"}));
}

TEST(AccessLanes, StoppingAnswersWhatIsQueuedAndThenRefuses) {
  absl::Notification first_began, release;
  ScriptedReader reader([&](const std::vector<AccessQuery>& queries) {
    if (!first_began.HasBeenNotified()) first_began.Notify();
    release.WaitForNotification();
    return AnswerTo(queries);
  });
  AccessLanes lanes(reader, /*lanes=*/1);
  std::atomic<int> served{0};
  const auto count = [&](const absl::StatusOr<AccessRead>& read) { served += read.ok() ? 1 : 0; };
  lanes.Submit({QueryOf(0)}, count);
  first_began.WaitForNotification();
  for (int i = 0; i < 600; ++i) lanes.Submit({QueryOf(i)}, count);
  release.Notify();
  lanes.Stop();
  EXPECT_EQ(served, 601);
  absl::Status refused;
  lanes.Submit({QueryOf(0)}, [&](const absl::StatusOr<AccessRead>& read) { refused = read.status(); });
  EXPECT_TRUE(HasReason(refused, Reason::kOverloaded));
}

}  // namespace
}  // namespace guestpass::membership
