// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/rpc/call.h"
#include "common/time/clock.h"
#include "guestpass/invite/v1/invite.pb.h"
#include "services/invite/server/sweeps.h"
#include "services/invite/storage/invite_upkeep.h"

namespace guestpass::invite {

// EraseInvitee (M15). Thread-safe; blocks.
class Erasure {
 public:
  // All outlive this.
  Erasure(InviteUpkeep& upkeep, const Clock& clock, SweepOptions options = {})
      : upkeep_(upkeep), clock_(clock), options_(options) {}

  // CALLER_NOT_ALLOWED for who is no platform operator; FIELD_INVALID for the address.
  absl::StatusOr<v1::EraseInviteeResponse> Erase(const rpc::Call& call,
                                                 const v1::EraseInviteeRequest& request);

 private:
  absl::StatusOr<int64_t> Clear(const std::string& address);

  InviteUpkeep& upkeep_;
  const Clock& clock_;
  const SweepOptions options_;
};

}  // namespace guestpass::invite
