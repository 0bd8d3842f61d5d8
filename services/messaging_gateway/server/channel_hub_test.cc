// SPDX-License-Identifier: Apache-2.0
#include "services/messaging_gateway/server/channel_hub.h"

#include "gtest/gtest.h"

namespace guestpass::messaging {
namespace {

constexpr absl::Duration kNow = absl::Hours(1);
const auto kChannel = *ChannelId::Parse("cccccccccccccccccccccccccc");

std::vector<MessagePtr> Numbered(uint64_t first, uint64_t last) {
  std::vector<MessagePtr> messages;
  for (uint64_t number = first; number <= last; ++number) {
    auto message = std::make_shared<Message>();
    message->number = number;
    messages.push_back(std::move(message));
  }
  return messages;
}

bool AllReached(const RightsRevision&) { return true; }

class Counting : public ChannelFollower {
 public:
  void Pump(const ChannelId&) override { ++pumps; }
  int pumps = 0;
};

// What comes after each number up to `last` is at hand, in order.
void ExpectAtHand(const ChannelHub& hub, uint64_t first, uint64_t last) {
  for (uint64_t number = first; number <= last; ++number) {
    const ChannelHub::Next next = hub.After(number - 1);
    ASSERT_NE(next.message, nullptr) << number;
    EXPECT_EQ(next.message->number, number);
  }
}

TEST(ChannelHub, ABatchLargerThanWhatMayWaitIsAtHandWithoutReadingTheTable) {
  ChannelHub hub(kChannel, 0);
  hub.Begin(0, AllReached, kNow);
  hub.Offer(Numbered(1, 256), kNow);
  ExpectAtHand(hub, 1, 256);
  EXPECT_EQ(hub.Hole(absl::ZeroDuration(), kNow), std::nullopt);
}

TEST(ChannelHub, WhatWasOfferedBeforeItBeganCountsFromTheHeadOn) {
  ChannelHub hub(kChannel, 0);
  hub.Offer(Numbered(4, 8), kNow);
  EXPECT_EQ(hub.After(3).message, nullptr);
  hub.Begin(5, AllReached, kNow);
  ExpectAtHand(hub, 6, 8);
  EXPECT_TRUE(hub.After(3).in_table);
  EXPECT_EQ(hub.After(8).message, nullptr);
  EXPECT_FALSE(hub.After(8).in_table);
}

TEST(ChannelHub, FollowersAreToldOnceThereIsSomethingNewAndTheGoneAreForgotten) {
  ChannelHub hub(kChannel, 0);
  hub.Begin(0, AllReached, kNow);
  const auto follower = std::make_shared<Counting>();
  hub.Add(follower);
  hub.Add(std::make_shared<Counting>());
  hub.Offer(Numbered(2, 2), kNow);
  EXPECT_EQ(follower->pumps, 0);
  hub.Offer(Numbered(1, 1), kNow);
  EXPECT_EQ(follower->pumps, 1);
  hub.Offer(Numbered(1, 2), kNow);
  EXPECT_EQ(follower->pumps, 1);
  hub.Look(kNow);
  EXPECT_EQ(follower->pumps, 2);
}

TEST(ChannelHub, AHoleIsToldOnceItIsOldEnough) {
  ChannelHub hub(kChannel, 0);
  hub.Begin(3, AllReached, kNow);
  hub.OfferHead(4, kNow);
  EXPECT_EQ(hub.Hole(absl::Milliseconds(20), kNow + absl::Milliseconds(20) - absl::Microseconds(1)),
            std::nullopt);
  EXPECT_EQ(hub.Hole(absl::Milliseconds(20), kNow + absl::Milliseconds(20)), 3u);
}

}  // namespace
}  // namespace guestpass::messaging
