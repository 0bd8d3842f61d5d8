// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/call.h"
#include "common/time/clock.h"
#include "guestpass/invite/v1/invite.pb.h"
#include "services/invite/storage/invite_upkeep.h"

namespace guestpass::invite {

// More invites than that are not counted.
inline constexpr int64_t kCountAtMost = 100'000;

struct SweepOptions {
  absl::Duration time = absl::Seconds(10);  // no step begins later; by boot time
  int step = 1'000;                         // invites
};

// SweepInvites: what the keeper does by itself, now. Thread-safe; blocks.
class Sweeps {
 public:
  // All outlive this.
  Sweeps(InviteUpkeep& upkeep, const Clock& clock, SweepOptions options = {})
      : upkeep_(upkeep), clock_(clock), options_(options) {}

  // CALLER_NOT_ALLOWED for who is no platform operator.
  absl::StatusOr<v1::SweepInvitesResponse> Sweep(const rpc::Call& call,
                                                 const v1::SweepInvitesRequest& request);

 private:
  absl::StatusOr<v1::SweepInvitesResponse> Count();
  absl::StatusOr<v1::SweepInvitesResponse> Work();

  InviteUpkeep& upkeep_;
  const Clock& clock_;
  const SweepOptions options_;
};

}  // namespace guestpass::invite
