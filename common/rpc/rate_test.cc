// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/rate.h"

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace guestpass::rpc {
namespace {

constexpr absl::Duration kTick = absl::Microseconds(1);
constexpr absl::Duration kNow = absl::Hours(1);

TEST(Rate, NoMinuteHasMoreThanTheLimitAndWhatIsRefusedDoesNotCount) {
  Rate rate(2);
  EXPECT_EQ(rate.Take("anna", kNow), std::nullopt);
  EXPECT_EQ(rate.Take("anna", kNow + absl::Seconds(30)), std::nullopt);
  EXPECT_EQ(rate.Take("anna", kNow + absl::Seconds(59)), absl::Seconds(1));
  EXPECT_EQ(rate.Take("anna", kNow + absl::Minutes(1) - kTick), kTick);
  EXPECT_EQ(rate.Take("anna", kNow + absl::Minutes(1)), std::nullopt);
  EXPECT_EQ(rate.Take("anna", kNow + absl::Minutes(1)), absl::Seconds(30));
}

TEST(Rate, OneKeyDoesNotSpendAnothers) {
  Rate rate(1);
  EXPECT_EQ(rate.Take("anna", kNow), std::nullopt);
  EXPECT_EQ(rate.Take("bert", kNow), std::nullopt);
}

TEST(Rate, ForgettingWhoIsSilentForgetsNothingThatCounts) {
  Rate rate(1);
  for (size_t i = 0; i < Rate::kSweepAt; ++i) rate.Take(absl::StrCat(i), kNow);
  EXPECT_EQ(rate.Take("anna", kNow + kTick), std::nullopt);
  EXPECT_EQ(rate.Take("bert", kNow + absl::Minutes(1)), std::nullopt);  // forgets the silent
  EXPECT_EQ(rate.Take("anna", kNow + absl::Minutes(1)), kTick);
  EXPECT_EQ(rate.Take("7", kNow + absl::Minutes(1)), std::nullopt);
}

}  // namespace
}  // namespace guestpass::rpc
