// SPDX-License-Identifier: Apache-2.0
#include "services/membership/domain/grants.h"

#include <algorithm>

#include "common/status/error.h"
#include "services/membership/domain/errors.h"
#include "services/membership/domain/model.h"

namespace guestpass::membership {

absl::StatusOr<Member> RequireGuest(const MemberName& name, const std::optional<Member>& member) {
  if (!member.has_value()) return MemberNotFound(name);
  if (member->state.role != rights::Role::kGuest) return NotAGuest(name);
  return *member;
}

absl::Status CheckGrantable(const ChannelName& name, const std::optional<Channel>& channel) {
  if (!channel.has_value() || channel->state.kind == rights::ChannelKind::kDirect)
    return ChannelNotFound(name);
  return channel->state.archived ? ChannelArchived(name) : absl::OkStatus();
}

bool HasGrant(const rights::MemberState& guest, const ChannelId& channel) {
  return std::binary_search(guest.grants.begin(), guest.grants.end(), channel);
}

absl::StatusOr<rights::MemberState> WithGrant(rights::MemberState guest, const ChannelId& channel) {
  if (HasGrant(guest, channel)) return guest;
  if (guest.grants.size() >= kMaxGrants) {
    return FieldInvalid("channel",
                        "is one too many: a guest has at most 100. Take another one from it first");
  }
  const auto place = std::lower_bound(guest.grants.begin(), guest.grants.end(), channel);
  guest.grants.insert(place, channel);
  return guest;
}

absl::StatusOr<rights::MemberState> WithoutGrant(rights::MemberState guest, const ChannelId& channel) {
  if (!HasGrant(guest, channel)) return ChannelNotFound({guest.workspace, channel});
  if (guest.grants.size() == 1) return LastGrant({guest.workspace, guest.user});
  guest.grants.erase(std::lower_bound(guest.grants.begin(), guest.grants.end(), channel));
  return guest;
}

}  // namespace guestpass::membership
