// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rights/decide.h"

// Who starts a direct conversation, and with whom (C3), and in how many channels one takes part. Pure.
namespace guestpass::membership {

inline constexpr size_t kMaxOthers = 19;

// The most PRIVATE and DIRECT channels in which a user takes part: of a workspace, and of an organization
// where only its role there gives it the part. Who is removed leaves them all in one transaction, which
// writes two rows of logs for each while the shard's head is held: with this many in less than 50 ms.
inline constexpr int64_t kMaxParts = 1000;

// OK for who may start one at `now`, else PERMISSION_DENIED: as RequireEntry, GUEST_SOFT_LOCKED (G3),
// DM_START_FORBIDDEN for guests, ROLE_TOO_LOW for viewers.
absl::Status RequireStarter(const rights::Authority& authority, absl::Time now);

// Everybody in the conversation that `starter` asks for, itself among them: in order and each once.
// FIELD_INVALID naming `users` unless these are 1 to kMaxOthers others.
absl::StatusOr<std::vector<UserId>> ParticipantsOf(const UserId& starter, std::vector<UserId> users);

}  // namespace guestpass::membership
