// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/row.h"

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace guestpass::bench {
namespace {

TEST(Row, TheRatioIsAboveOneWhereOursIsBetterWhicheverWayBetterIs) {
  EXPECT_DOUBLE_EQ(*Ratio({{"latency", "ms", false}, {1, 2, 4}, {4, 4, 4}}), 2);
  EXPECT_DOUBLE_EQ(*Ratio({{"rate", "1/s", true}, {8, 8, 8}, {4, 2, 1}}), 4);
  EXPECT_FALSE(Ratio({{"alone", "ns", false}, {1}, {}}).has_value());
}

TEST(Row, QuantilesAreTakenFromTheSortedValues) {
  std::vector<double> values;
  for (int i = 100; i >= 1; --i) values.push_back(i);
  EXPECT_DOUBLE_EQ(Quantile(values, 0.5), 51);
  EXPECT_DOUBLE_EQ(Quantile(values, 0.99), 100);
  EXPECT_DOUBLE_EQ(Quantile({7}, 1), 7);
  EXPECT_DOUBLE_EQ(Median({3, 1, 2, 10}), 2.5);
}

TEST(Row, JsonHasEveryFieldAndNullWithoutAPeer) {
  const auto json = nlohmann::json::parse(Json({{{"alone", "ns", false}, {2, 1, 3}, {}}}));
  ASSERT_EQ(json.size(), 1u);
  EXPECT_EQ(json[0]["name"], "alone");
  EXPECT_EQ(json[0]["better"], "lower");
  EXPECT_EQ(json[0]["value"], 2);
  EXPECT_EQ(json[0]["min"], 1);
  EXPECT_EQ(json[0]["max"], 3);
  EXPECT_EQ(json[0]["runs"], 3);
  EXPECT_TRUE(json[0]["peer"].is_null());
  EXPECT_TRUE(json[0]["ratio"].is_null());
}

}  // namespace
}  // namespace guestpass::bench
