// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/works.h"

#include <memory>
#include <optional>

#include "common/status/macros.h"
#include "tests/bench/changes.h"
#include "tests/bench/checks.h"
#include "tests/bench/crowd.h"
#include "tests/bench/decide.h"
#include "tests/bench/expiries.h"
#include "tests/bench/invites.h"
#include "tests/bench/lists.h"
#include "tests/bench/posts.h"
#include "tests/bench/revocations.h"
#include "tests/bench/storms.h"

namespace guestpass::bench {
namespace {

Group Deciding() {
  return {.start = [] { return absl::OkStatus(); },
          .works = {{{{{"decide_hot", "ns", false}, "decide_hot"}}, "", [] { return MeasureDecide(); }}},
          .stop = [] {}};
}

struct Talk {
  absl::Status Start() {
    ASSIGN_OR_RETURN(
        stack, harness::Stack::Start(
                   {.env = {{"messaging-gateway", {{"GUESTPASS_GUEST_POSTS_PER_MINUTE", "1000000000"}}}}}));
    ASSIGN_OR_RETURN(posters, Posters::Make(*stack, 32));
    return absl::OkStatus();
  }

  std::unique_ptr<harness::Stack> stack;
  std::optional<Posters> posters;
};

Group Talking(bool quick) {
  const auto talk = std::make_shared<Talk>();
  const absl::Duration time = quick ? absl::Seconds(2) : absl::Seconds(5);
  const auto posts = [talk, time](int clients, int in_flight) {
    return [=] { return talk->posters->Measure(*talk->stack, clients, in_flight, time); };
  };
  const auto expiries = [talk](int count) { return [=] { return MeasureExpiries(*talk->stack, count); }; };
  const int revocations = quick ? 200 : 1000;
  return {
      .start = [talk] { return talk->Start(); },
      .works =
          {
              {{{{"post_1_client_p50", "ms", false}, "p50_ms"}}, "post_1_client", posts(1, 1)},
              {{{{"post_32x1", "posts/s", true}, "posts_per_s"}}, "post_32x1", posts(32, 1)},
              {{{{"post_32x8", "posts/s", true}, "posts_per_s"}, {{"post_32x8_p99", "ms", false}, "p99_ms"}},
               "post_32x8",
               posts(32, 8)},
              {{{{"revoke_notice_p50", "ms", false}, "p50_ms"},
                {{"revoke_notice_p99", "ms", false}, "p99_ms"}},
               "",
               [=] { return MeasureRevocations(*talk->stack, revocations); }},
              {{{{"expiry_100_p99", "ms", false}, "p99_late_ms"}}, "expiry_100", expiries(100)},
              {{{{"expiry_10000_max", "ms", false}, "max_late_ms"}}, "expiry_10000", expiries(10'000)},
          },
      .stop = [talk] { *talk = {}; },
  };
}

Group Crowded(bool quick) {
  const auto crowd = std::make_shared<std::unique_ptr<Crowd>>();
  const absl::Duration time = quick ? absl::Seconds(2) : absl::Seconds(5);
  return {
      .start = [=]() -> absl::Status {
        ASSIGN_OR_RETURN(*crowd, Crowd::Make(quick));
        return absl::OkStatus();
      },
      .works =
          {
              {{{{"check_access_per_s", "calls/s", true}, "per_s"},
                {{"check_access_p99", "ms", false}, "p99_ms"}},
               "",
               [=] { return MeasureChecks(**crowd, time); }},
              {{{{"check_access_ghz_per_s", "calls/s", true}, "per_s"}},
               "",
               [=] { return MeasureChecksByGhz(**crowd, time); }},
              {{{{"list_members_deep_p99", "ms", false}, "p99_ms"}},
               "",
               [=] { return MeasureDeepLists(**crowd, time); }},
              {{{{"member_changes_per_s", "calls/s", true}, "per_s"}},
               "",
               [=] { return MeasureChanges(**crowd, time); }},
              {{{{"apply_due_rows_per_s", "rows/s", true}, "rows_per_s"}},
               "",
               [=] { return MeasureDue(**crowd); }},
              {{{{"apply_due_one_workspace_rows_per_s", "rows/s", true}, "rows_per_s"},
                {{"change_during_storm_p99", "ms", false}, "change_p99_ms"}},
               "",
               [=] { return MeasureStorm(**crowd); }},
          },
      .stop = [=] { crowd->reset(); },
  };
}

Group Inviting(bool quick) {
  const auto stack = std::make_shared<std::unique_ptr<harness::Stack>>();
  const absl::Duration time = quick ? absl::Seconds(2) : absl::Seconds(5);
  const int ended = quick ? 100'000 : 1'000'000;
  return {
      .start = [=]() -> absl::Status {
        ASSIGN_OR_RETURN(*stack, StartForInvites());
        return absl::OkStatus();
      },
      .works =
          {
              {{{{"redeem_per_s", "calls/s", true}, "redemptions_per_s"},
                {{"redeem_p99", "ms", false}, "p99_ms"}},
               "redeem",
               [=] { return MeasureRedemptions(**stack, time); }},
              {{{{"create_invite_per_s", "calls/s", true}, "per_s"}},
               "",
               [=] { return MeasureCreations(**stack, time); }},
              {{{{"sweep_rows_per_s", "rows/s", true}, "rows_per_s"}},
               "",
               [=] { return MeasureSweep(**stack, ended); }},
          },
      .stop = [=] { stack->reset(); },
  };
}

}  // namespace

std::vector<Group> AllGroups(bool quick) {
  return {Deciding(), Talking(quick), Crowded(quick), Inviting(quick)};
}

}  // namespace guestpass::bench
