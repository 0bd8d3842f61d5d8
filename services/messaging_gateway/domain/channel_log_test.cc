// SPDX-License-Identifier: Apache-2.0
#include "services/messaging_gateway/domain/channel_log.h"

#include "gtest/gtest.h"

namespace guestpass::messaging {
namespace {

constexpr absl::Duration kNow = absl::Hours(1);

MessagePtr Numbered(uint64_t number, uint64_t n = 0) {
  auto message = std::make_shared<Message>();
  message->number = number;
  message->revision = {"e", 0, n};
  return message;
}

ChannelLog At(uint64_t head) {
  return ChannelLog(head, [](const RightsRevision&) { return true; });
}

TEST(ChannelLog, ShowsInOrderWhateverOrderMessagesComeIn) {
  ChannelLog log = At(10);
  for (uint64_t number : {13, 12, 12, 9, 11, 13}) log.Offer(Numbered(number), kNow);
  EXPECT_TRUE(log.Advance(kNow));
  EXPECT_EQ(log.head(), 13u);
  for (uint64_t number : {11, 12, 13}) EXPECT_EQ(log.Find(number)->number, number);
  EXPECT_EQ(log.Find(10), nullptr);
  EXPECT_EQ(log.Find(14), nullptr);
}

TEST(ChannelLog, AHoleIsTimedFromWhenItWasFirstSeenAndClosesWhenFilled) {
  ChannelLog log = At(0);
  log.Offer(Numbered(2), kNow);
  log.Offer(Numbered(3), kNow + absl::Seconds(1));
  EXPECT_FALSE(log.Advance(kNow));
  EXPECT_EQ(log.hole_since(), kNow);
  log.Offer(Numbered(1), kNow + absl::Seconds(2));
  EXPECT_TRUE(log.Advance(kNow));
  EXPECT_EQ(log.head(), 3u);
  EXPECT_EQ(log.hole_since(), std::nullopt);
}

TEST(ChannelLog, ALostLastMessageIsAHoleOnceTheTablesHeadIsKnown) {
  ChannelLog log = At(5);
  EXPECT_EQ(log.hole_since(), std::nullopt);
  log.OfferHead(6, kNow);
  EXPECT_EQ(log.hole_since(), kNow);
}

TEST(ChannelLog, AMessageWaitsUntilItsAuthorsRightsAreTakenInAndHoldsBackLaterOnes) {
  uint64_t applied = 4;
  ChannelLog log(0, [&](const RightsRevision& revision) { return revision.n <= applied; });
  log.Offer(Numbered(1, 5), kNow);
  log.Offer(Numbered(2, 1), kNow);
  EXPECT_FALSE(log.Advance(kNow));
  EXPECT_EQ(log.hole_since(), std::nullopt);
  applied = 5;
  EXPECT_TRUE(log.Advance(kNow));
  EXPECT_EQ(log.head(), 2u);
}

TEST(ChannelLog, KeepsABoundedNumberAndSaysWhichOnesItNoLongerHas) {
  ChannelLog log = At(0);
  for (uint64_t number = 1; number <= 1000; ++number) {
    log.Offer(Numbered(number), kNow);
    log.Advance(kNow);
  }
  EXPECT_EQ(log.head(), 1000u);
  EXPECT_EQ(log.Find(1), nullptr);
  EXPECT_EQ(log.Find(1000 - 255)->number, 1000u - 255);
  EXPECT_EQ(log.Find(1000 - 256), nullptr);
}

TEST(ChannelLog, MoreWaitingThanItHoldsIsAHoleLaterNotALoss) {
  ChannelLog log = At(0);
  for (uint64_t number = 2; number <= 200; ++number) log.Offer(Numbered(number), kNow);
  log.Offer(Numbered(1), kNow);
  EXPECT_TRUE(log.Advance(kNow + absl::Seconds(1)));
  EXPECT_LT(log.head(), 200u);
  EXPECT_EQ(log.hole_since(), kNow + absl::Seconds(1));
}

}  // namespace
}  // namespace guestpass::messaging
