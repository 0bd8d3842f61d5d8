// SPDX-License-Identifier: Apache-2.0
#include "common/time/anchored_clock.h"

#include <thread>

#include "gtest/gtest.h"

namespace guestpass {
namespace {

constexpr absl::Duration kTick = absl::Microseconds(1);
constexpr absl::Duration kBoot = absl::Hours(1);
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

TEST(AnchoredClock, KnowsNothingBeforeTheFirstSample) {
  const AnchoredClock clock;
  EXPECT_EQ(clock.Latest(kBoot), std::nullopt);
  EXPECT_EQ(clock.Earliest(kBoot), std::nullopt);
}

TEST(AnchoredClock, TheEdgesAreARoundTripApart) {
  AnchoredClock clock;
  ASSERT_TRUE(clock.Sample(kBoot, kBoot + absl::Milliseconds(4), kNow));
  EXPECT_EQ(clock.Latest(kBoot), kNow);
  EXPECT_EQ(clock.Earliest(kBoot + absl::Milliseconds(4)), kNow);
  const absl::Duration later = kBoot + absl::Milliseconds(5);
  EXPECT_EQ(clock.Latest(later), kNow + absl::Milliseconds(5) + kTick);
  EXPECT_EQ(clock.Earliest(later), kNow + absl::Milliseconds(1) - absl::Nanoseconds(200));
}

TEST(AnchoredClock, DriftCounts200Millionths) {
  AnchoredClock clock;
  ASSERT_TRUE(clock.Sample(kBoot, kBoot, kNow));
  EXPECT_EQ(clock.Latest(kBoot + absl::Seconds(10)), kNow + absl::Seconds(10) + absl::Milliseconds(2));
  EXPECT_EQ(clock.Earliest(kBoot + absl::Seconds(10)), kNow + absl::Seconds(10) - absl::Milliseconds(2));
  EXPECT_EQ(clock.Earliest(kBoot - absl::Seconds(10)), kNow - absl::Seconds(10) - absl::Milliseconds(2));
}

TEST(AnchoredClock, ARoundTripOver50MsIsNoSample) {
  AnchoredClock clock;
  EXPECT_FALSE(clock.Sample(kBoot, kBoot + absl::Milliseconds(50) + kTick, kNow));
  EXPECT_EQ(clock.Latest(kBoot), std::nullopt);
  EXPECT_TRUE(clock.Sample(kBoot, kBoot + absl::Milliseconds(50), kNow));
}

TEST(AnchoredClock, TheNewestSampleWins) {
  AnchoredClock clock;
  ASSERT_TRUE(clock.Sample(kBoot, kBoot, kNow));
  EXPECT_FALSE(clock.Sample(kBoot - kTick, kBoot + kTick, kNow + absl::Milliseconds(7)));
  ASSERT_TRUE(clock.Sample(kBoot + kTick, kBoot + kTick, kNow + absl::Milliseconds(7)));
  EXPECT_EQ(clock.Latest(kBoot + kTick), kNow + absl::Milliseconds(7));
}

TEST(AnchoredClock, NeverGoesBackThoughTheDatabaseDoes) {
  AnchoredClock clock;
  ASSERT_TRUE(clock.Sample(kBoot, kBoot, kNow));
  ASSERT_EQ(clock.Latest(kBoot), kNow);
  ASSERT_TRUE(clock.Sample(kBoot + kTick, kBoot + kTick, kNow - absl::Minutes(1)));
  EXPECT_EQ(clock.Latest(kBoot + kTick), kNow);
  EXPECT_EQ(clock.Latest(kBoot + absl::Seconds(59)), kNow);
  EXPECT_GT(clock.Latest(kBoot + absl::Seconds(60)), kNow);
  EXPECT_LT(clock.Earliest(kBoot + absl::Seconds(59)), kNow);
}

TEST(AnchoredClock, StepsOverASecondAreCounted) {
  const struct {
    absl::Duration off;
    uint64_t steps;
  } cases[] = {{absl::Seconds(1), 0},
               {absl::Seconds(1) + kTick, 1},
               {-absl::Seconds(1), 0},
               {-absl::Seconds(1) - kTick, 1}};
  for (const auto& c : cases) {
    AnchoredClock clock;
    clock.Sample(kBoot, kBoot, kNow);
    clock.Sample(kBoot, kBoot, kNow + c.off);
    EXPECT_EQ(clock.steps(), c.steps) << c.off;
  }
}

TEST(AnchoredClock, IsReadWholeWhileItIsSampled) {
  AnchoredClock clock;
  clock.Sample(kBoot, kBoot, kNow);
  std::thread sampling([&] {
    for (int i = 0; i < 100'000; ++i) {
      const absl::Duration boot = kBoot + absl::Microseconds(i);
      clock.Sample(boot, boot, kNow + absl::Microseconds(i));
    }
  });
  const absl::Duration end = kBoot + absl::Seconds(1);
  for (int i = 0; i < 100'000; ++i) {
    const absl::Time earliest = *clock.Earliest(end);
    ASSERT_LE(earliest, kNow + absl::Seconds(1));
    ASSERT_GE(earliest, kNow + absl::Seconds(1) - absl::Microseconds(200));
  }
  sampling.join();
}

}  // namespace
}  // namespace guestpass
