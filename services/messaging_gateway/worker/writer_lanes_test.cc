// SPDX-License-Identifier: Apache-2.0
#include "services/messaging_gateway/worker/writer_lanes.h"

#include <atomic>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::messaging {
namespace {

const auto kChannel = *ChannelId::Parse("aaaaaaaaaaaaaaaaaaaaaaaaaa");

// A process edge: stands for the database, and does what the test says.
class ScriptedWriter : public MessageWriter {
 public:
  using Script = std::function<absl::StatusOr<std::vector<Appended>>(const std::vector<NewMessage>&)>;
  explicit ScriptedWriter(Script script) : script_(std::move(script)) {}

  absl::StatusOr<std::vector<Appended>> Append(const std::vector<NewMessage>& batch) override {
    return script_(batch);
  }

 private:
  const Script script_;
};

std::vector<std::unique_ptr<MessageWriter>> One(ScriptedWriter::Script script) {
  std::vector<std::unique_ptr<MessageWriter>> writers;
  writers.push_back(std::make_unique<ScriptedWriter>(std::move(script)));
  return writers;
}

absl::StatusOr<std::vector<Appended>> StoreAll(const std::vector<NewMessage>& batch) {
  return std::vector<Appended>(batch.size(), {.number = 1});
}

TEST(WriterLanes, WhatGathersWhileABatchIsStoredGoesTogetherAndInOrder) {
  absl::Notification first_began, release;
  std::vector<size_t> sizes;
  std::vector<std::string> order;
  absl::BlockingCounter done(11);
  {
    WriterLanes lanes(One([&](const std::vector<NewMessage>& batch) {
                        sizes.push_back(batch.size());
                        for (const NewMessage& message : batch) order.push_back(message.client_message_id);
                        if (sizes.size() == 1) {
                          first_began.Notify();
                          release.WaitForNotification();
                        }
                        return StoreAll(batch);
                      }),
                      SystemClock(), [](std::vector<Message>) {});
    const auto submit = [&](int i) {
      const Post post{.message = {.channel = kChannel, .client_message_id = absl::StrCat(i)},
                      .done = [&](const auto&) { done.DecrementCount(); }};
      ASSERT_TRUE(lanes.Submit(post).ok());
    };
    submit(0);
    first_began.WaitForNotification();
    for (int i = 1; i <= 10; ++i) submit(i);
    release.Notify();
    done.Wait();
  }
  EXPECT_EQ(sizes, (std::vector<size_t>{1, 10}));
  for (int i = 0; i <= 10; ++i) EXPECT_EQ(order[i], absl::StrCat(i));
}

TEST(WriterLanes, AFullLaneRefusesAndRecovers) {
  absl::Notification release;
  WriterLanes lanes(One([&](const std::vector<NewMessage>& batch) {
                      release.WaitForNotification();
                      return StoreAll(batch);
                    }),
                    SystemClock(), [](std::vector<Message>) {});
  std::atomic<int> done{0};
  const Post post{.message = {.channel = kChannel}, .done = [&](const auto&) { ++done; }};
  int accepted = 0;
  absl::Status refused;
  while (refused.ok() && accepted < 10'000) {
    refused = lanes.Submit(post);
    if (refused.ok()) ++accepted;
  }
  EXPECT_TRUE(HasReason(refused, Reason::kOverloaded));
  EXPECT_GE(accepted, 4096);
  release.Notify();
  absl::Notification last;
  while (
      !lanes.Submit({.message = {.channel = kChannel}, .done = [&](const auto&) { last.Notify(); }}).ok()) {
    std::this_thread::yield();
  }
  last.WaitForNotification();
  EXPECT_EQ(done, accepted);
}

TEST(WriterLanes, AnOutcomeThatIsNotKnownIsFoundOutBeforeAnythingIsAnswered) {
  int attempts = 0;
  absl::Notification done;
  absl::StatusOr<Appended> answer;
  WriterLanes lanes(One([&](const std::vector<NewMessage>& batch) -> absl::StatusOr<std::vector<Appended>> {
                      ++attempts;
                      if (attempts == 1) return Error(Reason::kOutcomeUnknown, "lost");
                      if (attempts == 2) return Error(Reason::kDatabaseUnavailable, "still away");
                      return std::vector<Appended>(batch.size(),
                                                   {.outcome = Appended::Outcome::kDuplicate, .number = 9});
                    }),
                    SystemClock(), [](std::vector<Message>) {});
  ASSERT_TRUE(lanes
                  .Submit({.message = {.channel = kChannel},
                           .done =
                               [&](const absl::StatusOr<Appended>& appended) {
                                 answer = appended;
                                 done.Notify();
                               }})
                  .ok());
  done.WaitForNotification();
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->number, 9u);
  EXPECT_EQ(attempts, 3);
}

TEST(WriterLanes, WhatIsKnownToBeRefusedIsAnsweredAtOnceAndOnlyWhatWasStoredIsTold) {
  std::vector<Message> told;
  absl::Status answer;
  int attempts = 0;
  {
    WriterLanes lanes(One([&](const auto&) -> absl::StatusOr<std::vector<Appended>> {
                        if (++attempts == 1) return Error(Reason::kDatabaseUnavailable, "away");
                        return std::vector<Appended>(1, {.outcome = Appended::Outcome::kStale});
                      }),
                      SystemClock(), [&](std::vector<Message> stored) { told = std::move(stored); });
    absl::Notification first;
    ASSERT_TRUE(lanes
                    .Submit({.message = {.channel = kChannel},
                             .done =
                                 [&](const absl::StatusOr<Appended>& appended) {
                                   answer = appended.status();
                                   first.Notify();
                                 }})
                    .ok());
    first.WaitForNotification();
    ASSERT_TRUE(lanes.Submit({.message = {.channel = kChannel}, .done = [](const auto&) {}}).ok());
  }
  EXPECT_TRUE(HasReason(answer, Reason::kDatabaseUnavailable));
  EXPECT_EQ(attempts, 2);
  EXPECT_TRUE(told.empty());
}

}  // namespace
}  // namespace guestpass::messaging
