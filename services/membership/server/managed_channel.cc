// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/managed_channel.h"

#include <optional>

#include "common/status/macros.h"
#include "services/membership/domain/errors.h"
#include "services/membership/server/callers.h"

namespace guestpass::membership {

namespace {

absl::Status RefuseDirect(const Channel& channel, absl::string_view field) {
  if (channel.state.kind != rights::ChannelKind::kDirect) return absl::OkStatus();
  return FieldInvalid(field, "is a direct conversation: its participants are fixed, and nobody manages it");
}

}  // namespace

absl::StatusOr<Channel> FindManaged(const ChannelName& name, absl::string_view field, const rpc::Call& call,
                                    const Locked& locked, MembershipTx& tx) {
  const auto channel = locked.ChannelOf(name.channel);
  if (!channel.has_value()) return ChannelNotFound(name);
  if (channel->state.kind == rights::ChannelKind::kDirect && !call.caller.is_operator) {
    ASSIGN_OR_RETURN(const bool takes_part, tx.IsParticipant(name.channel, CallerOf(call)));
    if (!takes_part) return ChannelNotFound(name);
  }
  RETURN_IF_ERROR(RefuseDirect(*channel, field));
  return *channel;
}

absl::StatusOr<Channel> FindReadable(const ChannelName& name, const UserId& user, const Locked& locked,
                                     MembershipTx& tx) {
  const auto channel = locked.ChannelOf(name.channel);
  const auto member = locked.MemberOf(user);
  if (!channel.has_value() || !member.has_value()) return ChannelNotFound(name);
  ASSIGN_OR_RETURN(const bool takes_part, tx.IsParticipant(name.channel, user));
  const rights::Standing standing =
      rights::StandingOf(locked.AuthorityOf(user), member->state, channel->state,
                         {.channel = name.channel, .user = user, .present = takes_part});
  if (rights::Decide(standing, rights::Action::kRead, locked.now)) return ChannelNotFound(name);
  return *channel;
}

absl::Status RequireRoom(const WorkspaceId& workspace, rights::ChannelKind kind,
                         const std::vector<UserId>& users, MembershipTx& tx) {
  ASSIGN_OR_RETURN(const std::optional<UserId> full, tx.FindFull(workspace, kind, users));
  return full.has_value() ? ParticipationLimitReached(*full) : absl::OkStatus();
}

}  // namespace guestpass::membership
