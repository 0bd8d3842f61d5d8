// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/scenario.h"

#include "gtest/gtest.h"

namespace guestpass::e2e {
namespace {

TEST(Scenario, AGuestIsInvitedJoinsPostsAndLosesPostingLive) {
  const auto stack = harness::Stack::Start();
  ASSERT_TRUE(stack.ok()) << stack.status();
  int steps = 0;
  const absl::Status outcome = PlayScenario(**stack, [&](const Step& step) {
    ++steps;
    EXPECT_TRUE(step.outcome.ok()) << step.text << ": " << step.outcome;
  });
  EXPECT_TRUE(outcome.ok()) << outcome;
  EXPECT_GT(steps, 0);
}

}  // namespace
}  // namespace guestpass::e2e
