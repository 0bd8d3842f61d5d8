// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/in_flight.h"

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "common/auth/random.h"
#include "gtest/gtest.h"

namespace guestpass::invite {
namespace {

const UserId kAnn = auth::NewId<UserId>(), kBob = auth::NewId<UserId>(), kCyd = auth::NewId<UserId>();

TEST(InFlight, OneUserTakesNoMoreThanItsOwnAndAllTogetherNoMoreThanThereAre) {
  InFlight calls(2, 3);
  const auto first = calls.TakePlace(kAnn), second = calls.TakePlace(kAnn);
  EXPECT_TRUE(first.has_value() && second.has_value());
  EXPECT_FALSE(calls.TakePlace(kAnn).has_value());
  const auto third = calls.TakePlace(kBob);
  EXPECT_TRUE(third.has_value());
  EXPECT_FALSE(calls.TakePlace(kBob).has_value());
  EXPECT_FALSE(calls.TakePlace(kCyd).has_value());
}

TEST(InFlight, APlaceIsFreeAgainOnceItsHolderIsGoneAndNotWhenItIsMoved) {
  InFlight calls(1, 1);
  for (int i = 0; i < 3; ++i) {
    auto place = calls.TakePlace(kAnn);
    ASSERT_TRUE(place.has_value());
    const InFlight::Place moved = *std::move(place);
    place.reset();
    EXPECT_FALSE(calls.TakePlace(kAnn).has_value());
  }
  EXPECT_TRUE(calls.TakePlace(kBob).has_value()) << "what was refused holds nothing";
}

TEST(InFlight, HoweverManyRaceNoMoreAreInside) {
  InFlight calls(2, 3);
  std::atomic<int> inside = 0, most = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 2000; ++n) {
        const auto place = calls.TakePlace(i % 2 == 0 ? kAnn : kBob);
        if (!place.has_value()) continue;
        const int now = ++inside;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) continue;
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(most, 3);
  const auto left = calls.TakePlace(kAnn), right = calls.TakePlace(kBob), last = calls.TakePlace(kBob);
  EXPECT_TRUE(left.has_value() && right.has_value() && last.has_value()) << "all were given back";
}

}  // namespace
}  // namespace guestpass::invite
