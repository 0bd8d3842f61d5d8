// SPDX-License-Identifier: Apache-2.0
#include "services/messaging_gateway/domain/post_rate.h"

#include "gtest/gtest.h"

namespace guestpass::messaging {
namespace {

constexpr absl::Duration kTick = absl::Microseconds(1);
const auto kWorkspace = *WorkspaceId::Parse("aaaaaaaaaaaaaaaaaaaaaaaaaa");
const auto kAnna = *UserId::Parse("uuuuuuuuuuuuuuuuuuuuuuuuuu");
const auto kBert = *UserId::Parse("vvvvvvvvvvvvvvvvvvvvvvvvvv");

TEST(PostRate, NoMinuteHasMoreThanTheLimitAndARefusedPostDoesNotCount) {
  PostRate rate(2);
  const absl::Duration t = absl::Hours(1);
  EXPECT_EQ(rate.Take(kWorkspace, kAnna, t), std::nullopt);
  EXPECT_EQ(rate.Take(kWorkspace, kAnna, t + absl::Seconds(30)), std::nullopt);
  EXPECT_EQ(rate.Take(kWorkspace, kAnna, t + absl::Seconds(59)), absl::Seconds(1));
  EXPECT_EQ(rate.Take(kWorkspace, kAnna, t + absl::Minutes(1) - kTick), kTick);
  EXPECT_EQ(rate.Take(kWorkspace, kAnna, t + absl::Minutes(1)), std::nullopt);
  EXPECT_EQ(rate.Take(kWorkspace, kAnna, t + absl::Minutes(1)), absl::Seconds(30));
}

TEST(PostRate, OneUserDoesNotSpendAnothers) {
  PostRate rate(1);
  EXPECT_EQ(rate.Take(kWorkspace, kAnna, absl::Hours(1)), std::nullopt);
  EXPECT_EQ(rate.Take(kWorkspace, kBert, absl::Hours(1)), std::nullopt);
}

UserId Numbered(size_t number) {
  std::string text(UserId::kLength, 'a');
  for (size_t i = 0; number > 0; ++i, number /= 26) text[i] = static_cast<char>('a' + number % 26);
  return *UserId::Parse(text);
}

TEST(PostRate, ForgettingWhoIsSilentForgetsNothingThatCounts) {
  PostRate rate(1);
  const absl::Duration t = absl::Hours(1);
  for (size_t i = 0; i < PostRate::kSweepAt; ++i) rate.Take(kWorkspace, Numbered(i), t);
  EXPECT_EQ(rate.Take(kWorkspace, kAnna, t + kTick), std::nullopt);
  EXPECT_EQ(rate.Take(kWorkspace, kBert, t + absl::Minutes(1)), std::nullopt);  // sweeps the silent
  EXPECT_EQ(rate.Take(kWorkspace, kAnna, t + absl::Minutes(1)), kTick);
  EXPECT_EQ(rate.Take(kWorkspace, Numbered(7), t + absl::Minutes(1)), std::nullopt);
}

}  // namespace
}  // namespace guestpass::messaging
