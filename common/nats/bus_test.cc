// SPDX-License-Identifier: Apache-2.0
#include "common/nats/bus.h"

#include <thread>
#include <vector>

#include "common/nats/connection.h"
#include "common/nats/simulated_bus.h"
#include "gtest/gtest.h"
#include "tests/harness/servers/private_nats.h"

namespace guestpass::nats {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);

struct Simulated {
  SimulatedBus bus;
  Bus& get() { return bus; }
};

struct Real {
  std::unique_ptr<harness::PrivateNats> server = harness::PrivateNats::Start().value();
  std::unique_ptr<Connection> bus = Connection::Connect({.url = server->url(), .name = "bus_test"}).value();
  Bus& get() { return *bus; }
};

class Inbox {
 public:
  OnMessage Taker() {
    return [this](absl::string_view subject, absl::string_view bytes) {
      absl::MutexLock lock(&mutex_);
      messages_.emplace_back(subject, bytes);
    };
  }

  std::vector<std::pair<std::string, std::string>> Await(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return messages_.size() >= count; };
    mutex_.AwaitWithTimeout(absl::Condition(&enough), kPatience);
    return messages_;
  }

 private:
  absl::Mutex mutex_;
  std::vector<std::pair<std::string, std::string>> messages_ ABSL_GUARDED_BY(mutex_);
};

template <typename Fixture>
class BusTest : public testing::Test {
 protected:
  Bus& bus() { return fixture_.get(); }

 private:
  Fixture fixture_;
};

using Buses = testing::Types<Simulated, Real>;
TYPED_TEST_SUITE(BusTest, Buses);

TYPED_TEST(BusTest, ASubscriberGetsEverythingInOrderWithItsSubject) {
  Inbox inbox;
  const auto subscription = this->bus().Subscribe("a.b.>", inbox.Taker());
  ASSERT_TRUE(subscription.ok()) << subscription.status();
  ASSERT_TRUE(this->bus().Flush(kPatience).ok());
  ASSERT_TRUE(this->bus().connected());
  std::vector<std::pair<std::string, std::string>> sent;
  for (int i = 0; i < 1'000; ++i) {
    sent.emplace_back(i % 2 == 0 ? "a.b.even" : "a.b.c.odd", std::string(1, '\0') + std::to_string(i));
    ASSERT_TRUE(this->bus().Publish(sent.back().first, sent.back().second).ok());
  }
  EXPECT_EQ(inbox.Await(sent.size()), sent);
}

TYPED_TEST(BusTest, OtherSubjectsAreNotHeard) {
  Inbox inbox;
  const auto subscription = this->bus().Subscribe("a.*.c", inbox.Taker());
  ASSERT_TRUE(this->bus().Flush(kPatience).ok());
  for (const char* subject : {"a.b", "a.b.d", "a.b.c.d", "x.b.c", "a.b.c"}) {
    ASSERT_TRUE(this->bus().Publish(subject, subject).ok());
  }
  const std::vector<std::pair<std::string, std::string>> expected = {{"a.b.c", "a.b.c"}};
  EXPECT_EQ(inbox.Await(1), expected);
}

TYPED_TEST(BusTest, AnEndedSubscriptionHearsNothingMore) {
  Inbox ended, going;
  auto first = this->bus().Subscribe("a.>", ended.Taker());
  const auto second = this->bus().Subscribe("a.>", going.Taker());
  ASSERT_TRUE(this->bus().Flush(kPatience).ok());
  ASSERT_TRUE(this->bus().Publish("a.1", "one").ok());
  ASSERT_EQ(ended.Await(1).size(), 1u);
  first->reset();
  ASSERT_TRUE(this->bus().Publish("a.2", "two").ok());
  EXPECT_EQ(going.Await(2).size(), 2u);
  EXPECT_EQ(ended.Await(1).size(), 1u);
}

TYPED_TEST(BusTest, AMalformedSubjectIsRefused) {
  EXPECT_FALSE(this->bus().Subscribe("", [](absl::string_view, absl::string_view) {}).ok());
}

}  // namespace
}  // namespace guestpass::nats
