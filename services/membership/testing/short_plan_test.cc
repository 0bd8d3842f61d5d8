// SPDX-License-Identifier: Apache-2.0
#include "services/membership/testing/short_plan.h"

#include "gtest/gtest.h"

namespace guestpass::membership {
namespace {

constexpr char kTwoLookUps[] =
    "Nested Loop Left Join  (cost=0.59..100.13 rows=10 width=16) (actual rows=2 loops=1)\n"
    "  InitPlan 1 (returns $0)\n"
    "    ->  Result  (cost=0.00..0.26 rows=1 width=8) (actual rows=1 loops=1)\n"
    "  ->  Nested Loop Left Join  (cost=0.30..5.33 rows=10 width=40) (actual rows=2 loops=1)\n"
    "        ->  Function Scan on q  (cost=0.01..0.11 rows=10 width=72) (actual rows=2 loops=1)\n"
    "        ->  Limit  (cost=0.29..8.31 rows=1 width=8) (actual rows=1 loops=2)\n"
    "              ->  Index Scan using one on a  (cost=0.29..8.31 rows=1 width=8) (actual rows=1 loops=2)\n"
    "                    Index Cond: (id = q.id)\n"
    "                    Filter: (NOT deleted)\n"
    "                    Heap Fetches: 0\n"
    "  ->  Index Scan using two on b  (cost=0.29..9.47 rows=1 width=8) (actual rows=0 loops=2)\n"
    "        SubPlan 1\n"
    "          ->  Index Scan using three on c  (cost=0.29..9.47 rows=1 width=8) (never executed)\n";

TEST(ShortPlanTest, LoopsThatFeedEachOtherAreOneAndWhatDidNotRunIsNone) {
  EXPECT_EQ(ShortPlan(kTwoLookUps),
            "Nested Loop Left Join  (rows=2 loops=1)\n"
            "  Function Scan on q  (rows=2 loops=1)\n"
            "  Limit of Index Scan using one on a  (rows=1 loops=2)\n"
            "      Index Cond: (id = q.id)\n"
            "      Filter: (NOT deleted)\n"
            "  Index Scan using two on b  (rows=0 loops=2)\n");
}

TEST(ShortPlanTest, WhatHasMoreBelowItStaysAsItIs) {
  EXPECT_EQ(ShortPlan("Limit  (cost=1..2 rows=1 width=1) (actual rows=1 loops=1)\n"
                      "  CTE gone\n"
                      "    ->  Delete on p  (cost=1..2 rows=1 width=1) (actual rows=1 loops=1)\n"
                      "  ->  Sort  (cost=1..2 rows=1 width=1) (actual rows=1 loops=1)\n"
                      "        Sort Key: gone.id\n"
                      "        Sort Method: quicksort  Memory: 25kB\n"
                      "        ->  CTE Scan on gone  (cost=1..2 rows=1 width=1) (actual rows=1 loops=1)\n"),
            "Limit  (rows=1 loops=1)\n"
            "  CTE gone\n"
            "    Delete on p  (rows=1 loops=1)\n"
            "  Sort  (rows=1 loops=1)\n"
            "    CTE Scan on gone  (rows=1 loops=1)\n");
}

TEST(ShortPlanTest, SubqueriesThatPassOnEveryRowAreLeftOut) {
  EXPECT_EQ(
      ShortPlan("Limit  (cost=1..2 rows=1 width=1) (actual rows=1 loops=1)\n"
                "  ->  Subquery Scan on s  (cost=1..2 rows=1 width=1) (actual rows=1 loops=1)\n"
                "        ->  Sort  (cost=1..2 rows=1 width=1) (actual rows=1 loops=1)\n"
                "              ->  Subquery Scan on t  (cost=1..2 rows=1 width=1) (actual rows=1 loops=1)\n"
                "                    Filter: (t.i > 1)\n"
                "                    ->  Result  (cost=1..2 rows=1 width=1) (actual rows=3 loops=1)\n"),
      "Limit of Sort  (rows=1 loops=1)\n"
      "  Subquery Scan on t  (rows=1 loops=1)\n"
      "      Filter: (t.i > 1)\n"
      "    Result  (rows=3 loops=1)\n");
}

TEST(ShortPlanTest, LongConditionsAreCut) {
  EXPECT_EQ(ShortPlan("Scan\n  Filter: " + std::string(200, 'x') + "\n"),
            "Scan\n    Filter: " + std::string(97, 'x') + "…\n");
}

}  // namespace
}  // namespace guestpass::membership
