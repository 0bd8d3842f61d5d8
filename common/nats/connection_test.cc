// SPDX-License-Identifier: Apache-2.0
#include "common/nats/connection.h"

#include <atomic>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "tests/harness/servers/private_nats.h"

namespace guestpass::nats {
namespace {

using harness::PrivateNats;

constexpr absl::Duration kPatience = absl::Seconds(20);

template <typename Condition>
bool Await(Condition condition) {
  const absl::Time deadline = absl::Now() + kPatience;
  while (!condition() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
  return condition();
}

TEST(Connection, AMissingServerStopsNothingAndTheSubscriptionBeginsOnceItIsThere) {
  auto server = PrivateNats::Start().value();
  server->Stop();
  auto connection = Connection::Connect({.url = server->url(), .name = "test"});
  ASSERT_TRUE(connection.ok()) << connection.status();
  EXPECT_FALSE((*connection)->connected());
  EXPECT_TRUE(HasReason((*connection)->Flush(absl::Seconds(1)), Reason::kServiceUnavailable));
  absl::Notification back;
  (*connection)->SetOnReconnect([&] { back.Notify(); });
  std::atomic<int> heard = 0;
  const auto subscription =
      (*connection)->Subscribe("a.>", [&](absl::string_view, absl::string_view) { ++heard; });
  ASSERT_TRUE(subscription.ok()) << subscription.status();
  ASSERT_TRUE(server->Restart().ok());
  ASSERT_TRUE(back.WaitForNotificationWithTimeout(kPatience));
  ASSERT_TRUE((*connection)->Flush(kPatience).ok());
  ASSERT_TRUE((*connection)->Publish("a.b", "x").ok());
  EXPECT_TRUE(Await([&] { return heard == 1; }));
}

TEST(Connection, WhatIsPublishedWhileTheServerIsAwayFailsAndIsNotSentLater) {
  auto server = PrivateNats::Start().value();
  auto connection = Connection::Connect({.url = server->url(), .name = "test"}).value();
  std::string heard;
  absl::Mutex mutex;
  const auto subscription = connection->Subscribe("a", [&](absl::string_view, absl::string_view bytes) {
    absl::MutexLock lock(&mutex);
    heard.append(bytes.data(), bytes.size());
  });
  ASSERT_TRUE(connection->Flush(kPatience).ok());
  for (const std::string round : {"1", "2"}) {
    server->Stop();
    ASSERT_TRUE(Await([&] { return !connection->connected(); }));
    for (int i = 0; i < 100; ++i) {
      EXPECT_TRUE(HasReason(connection->Publish("a", "late"), Reason::kServiceUnavailable));
    }
    ASSERT_TRUE(server->Restart().ok());
    ASSERT_TRUE(Await([&] { return connection->connected(); }));
    ASSERT_TRUE(connection->Publish("a", round).ok());
    ASSERT_TRUE(Await([&] {
      absl::MutexLock lock(&mutex);
      return absl::string_view(heard).find(round) != absl::string_view::npos;
    }));
  }
  absl::MutexLock lock(&mutex);
  EXPECT_EQ(heard, "12");
}

TEST(Connection, WrongOptionsAreToldInASentence) {
  for (const char* url : {"", "  ", "nats://", "nats://host:port", "://", "host:4222", "nats://a:1,"}) {
    const auto connection = Connection::Connect({.url = url, .name = "test"});
    EXPECT_EQ(connection.status().code(), absl::StatusCode::kInvalidArgument) << url;
  }
  const auto connection =
      Connection::Connect({.url = "nats://127.0.0.1:1", .name = "test", .token_file = "/nowhere/token"});
  EXPECT_EQ(connection.status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(Connection, ARefusedUserIsNotConnectedAndEndsCleanly) {
  auto server = PrivateNats::Start({.args = {"--user", "right", "--pass", "right"}}).value();
  auto right =
      Connection::Connect({.url = server->url(), .name = "test", .user = "right", .password = "right"});
  ASSERT_TRUE(Await([&] { return (*right)->connected(); }));
  auto wrong =
      Connection::Connect({.url = server->url(), .name = "test", .user = "wrong", .password = "wrong"});
  ASSERT_TRUE(wrong.ok()) << wrong.status();
  absl::SleepFor(absl::Milliseconds(500));
  EXPECT_FALSE((*wrong)->connected());
  EXPECT_TRUE(HasReason((*wrong)->Publish("a", "x"), Reason::kServiceUnavailable));
}

TEST(Connection, AMessageThatIsTooLargeIsNotCalledALossOfTheServer) {
  auto server = PrivateNats::Start().value();
  auto connection = Connection::Connect({.url = server->url(), .name = "test"}).value();
  ASSERT_TRUE(Await([&] { return connection->connected(); }));
  EXPECT_TRUE(HasReason(connection->Publish("a", std::string(2 << 20, 'x')), Reason::kInternal));
}

}  // namespace
}  // namespace guestpass::nats
