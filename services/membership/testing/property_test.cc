// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "rapidcheck.h"
#include "services/membership/testing/comparison.h"
#include "services/membership/testing/generators.h"

// Random calls by everybody, on the real thing and on a model of the rules (see comparison.h).
// Another seed each time; RC_PARAMS="seed=…", as printed, repeats one, and "max_success=500" goes on for
// longer.
namespace guestpass::membership::model {
namespace {

constexpr int kCases = 36, kMostOperations = 90;
constexpr absl::Duration kTimeToShrink = absl::Minutes(2);

// What makes the first steps worth something: guests, whose times are over at once or not, and two
// workspaces.
std::vector<Operation> Opening(absl::Duration grace) {
  using rights::Role;
  return {{.kind = Kind::kUpdateWorkspace, .settings = {.grace = grace}},
          {.kind = Kind::kCreateMember, .user = kAnn, .role = Role::kAdmin},
          {.kind = Kind::kCreateMember, .user = kBen, .role = Role::kMember},
          {.kind = Kind::kCreateMember, .user = kCat, .channel = 1, .role = Role::kGuest},
          {.kind = Kind::kCreateMember,
           .user = kDan,
           .channel = 0,
           .role = Role::kGuest,
           .expiry = Expiry::kHour},
          {.kind = Kind::kChangeSponsor, .user = kDan, .other = kBen},
          {.kind = Kind::kAddChannelMember, .user = kBen, .channel = 1},
          {.kind = Kind::kCreateWorkspace},
          {.kind = Kind::kCreateChannel, .workspace = 1, .channel_kind = rights::ChannelKind::kPrivate}};
}

TEST(Property, WhateverIsDoneTheRightsTheListingsAndTheLogAreTheModels) {
  int cases = 0;
  size_t operations = 0;
  const absl::Time began = absl::Now();
  absl::Time give_up = absl::InfiniteFuture();
  const auto property = [&] {
    std::vector<Operation> sequence = Opening(*AnyGrace());
    const std::vector<Operation> drawn = *AnyOperations(kMostOperations);
    if (absl::Now() > give_up) return;  // what was found by now is small enough
    sequence.insert(sequence.end(), drawn.begin(), drawn.end());
    ++cases;
    operations += sequence.size();
    // Once one is found to differ, plainer ones are tried, and quickly: what differs mostly still does at the
    // end.
    const bool searches = give_up == absl::InfiniteFuture();
    const std::string found = Differences(sequence, searches ? Look::kAfterEach : Look::kAtTheEnd);
    if (found.empty()) return;
    if (searches) std::printf("%s\n", found.c_str());
    give_up = std::min(give_up, absl::Now() + kTimeToShrink);
    RC_FAIL(found);
  };
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  if (params.maxSuccess == rc::detail::TestParams().maxSuccess) params.maxSuccess = kCases;
  const rc::detail::TestMetadata metadata{.id = "membership", .description = "membership"};
  const auto result = rc::detail::checkProperty(rc::detail::toProperty(property), metadata, params);
  std::ostringstream told;
  rc::detail::printResultMessage(result, told);
  EXPECT_TRUE(result.is<rc::detail::SuccessResult>()) << told.str();
  std::printf("seed %s: %d cases, %zu operations, %s\n", absl::StrCat(params.seed).c_str(), cases, operations,
              absl::FormatDuration(absl::Now() - began).c_str());
}

}  // namespace
}  // namespace guestpass::membership::model
