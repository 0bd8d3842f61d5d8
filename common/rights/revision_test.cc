// SPDX-License-Identifier: Apache-2.0
#include "common/rights/revision.h"

#include "gtest/gtest.h"

namespace guestpass::rights {
namespace {

TEST(RightsRevision, ComesBackAsItWasGiven) {
  const RightsRevision revision{.epoch = "7301/00000001/1800000000", .shard = 255, .n = 1ull << 41};
  EXPECT_EQ(RightsRevision::Parse(revision.ToString()), revision);
  EXPECT_EQ(RightsRevision().ToString(), "");
}

TEST(RightsRevision, AnyOtherTextIsNone) {
  const RightsRevision outside{.epoch = "e", .shard = 256};
  for (const std::string& text : {std::string(), std::string("x"), std::string("MTow"), outside.ToString(),
                                  std::string(300, 'a'), RightsRevision{.epoch = "e"}.ToString() + "="}) {
    EXPECT_EQ(RightsRevision::Parse(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace guestpass::rights
