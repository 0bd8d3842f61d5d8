// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rights/decide.h"

// Who starts a direct conversation, and with whom (C3). Pure.
namespace guestpass::membership {

inline constexpr size_t kMaxOthers = 19;

// OK for who may start one at `now`, else PERMISSION_DENIED: as RequireEntry, GUEST_SOFT_LOCKED (G3),
// DM_START_FORBIDDEN for guests, ROLE_TOO_LOW for viewers.
absl::Status RequireStarter(const rights::Authority& authority, absl::Time now);

// Everybody in the conversation that `starter` asks for, itself among them: in order and each once.
// FIELD_INVALID naming `users` unless these are 1 to kMaxOthers others.
absl::StatusOr<std::vector<UserId>> ParticipantsOf(const UserId& starter, std::vector<UserId> users);

}  // namespace guestpass::membership
