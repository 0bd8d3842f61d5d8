// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "common/rights/objects.h"

// A guest's grants, sorted and each once: always one at least (C4), kMaxGrants at most. Pure.
namespace guestpass::membership {

bool HasGrant(const rights::MemberState& guest, const ChannelId& channel);

// `guest` with the channel granted, also where it was before. FIELD_INVALID naming `channel` where there is
// no room.
absl::StatusOr<rights::MemberState> WithGrant(rights::MemberState guest, const ChannelId& channel);

// `guest` without the channel. CHANNEL_NOT_FOUND where it is not granted, LAST_GRANT.
absl::StatusOr<rights::MemberState> WithoutGrant(rights::MemberState guest, const ChannelId& channel);

}  // namespace guestpass::membership
