// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rights/names.h"
#include "common/rights/objects.h"
#include "services/membership/domain/model.h"

// A guest's grants, sorted and each once: always one at least (C4), kMaxGrants at most. Pure.
namespace guestpass::membership {

// The member, which must be a guest. MEMBER_NOT_FOUND where there is none, NOT_A_GUEST.
absl::StatusOr<Member> RequireGuest(const MemberName& name, const std::optional<Member>& member);

// OK for a channel of the workspace that a guest may be granted (C5). CHANNEL_NOT_FOUND where there is none,
// or a DIRECT one; CHANNEL_ARCHIVED.
absl::Status CheckGrantable(const ChannelName& name, const std::optional<Channel>& channel);

bool HasGrant(const rights::MemberState& guest, const ChannelId& channel);

// `guest` with the channel granted, also where it was before. FIELD_INVALID naming `channel` where there is
// no room.
absl::StatusOr<rights::MemberState> WithGrant(rights::MemberState guest, const ChannelId& channel);

// `guest` without the channel. CHANNEL_NOT_FOUND where it is not granted, LAST_GRANT.
absl::StatusOr<rights::MemberState> WithoutGrant(rights::MemberState guest, const ChannelId& channel);

}  // namespace guestpass::membership
