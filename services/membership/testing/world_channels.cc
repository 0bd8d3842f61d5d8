// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "common/rights_feed/wire_types.h"
#include "services/membership/testing/world.h"

// Calls about channels, who takes part in them, and whom they are granted to.
namespace guestpass::membership::model {

int World::NumberOf(const std::string& channel) const {
  const auto found = std::find_if(channels_.begin(), channels_.end(),
                                  [&](const auto& name) { return name.ToString() == channel; });
  return static_cast<int>(found - channels_.begin());
}

std::string World::Made(const absl::StatusOr<v1::Channel>& channel, const Operation& op) {
  if (!channel.ok()) return Told(channel);
  const int number = NumberOf(channel->name());
  const bool is_new = number == static_cast<int>(channels_.size());
  if (is_new && !(op.dry_run && CanOnlyJudge(op.kind))) {
    channels_.push_back(*ParseChannelName("name", channel->name()));
    cache_.Watch(channels_.back().channel);
  }
  return absl::StrCat("OK channel ", number);
}

std::string World::CreateChannel(const Operation& op) {
  v1::CreateChannelRequest request;
  request.set_parent(WorkspaceName(op.workspace));
  request.mutable_channel()->set_display_name("channel");
  request.mutable_channel()->set_kind(rights_feed::ToProto(std::optional(op.channel_kind)));
  request.set_validate_only(op.dry_run);
  return Made(here_.channels.CreateChannel(As(op.caller), request), op);
}

std::string World::ChangeChannel(const Operation& op) {
  if (op.kind == Kind::kArchiveChannel) {
    v1::ArchiveChannelRequest request;
    request.set_name(ChannelOf(op).ToString());
    return Told(here_.channels.ArchiveChannel(As(op.caller), request));
  }
  v1::UpdateChannelRequest request;
  request.mutable_channel()->set_name(ChannelOf(op).ToString());
  request.mutable_channel()->set_display_name(NameOf(op.caller));
  return Told(here_.channels.UpdateChannel(As(op.caller), request));
}

std::string World::ChangeChannelMember(const Operation& op) {
  const std::string channel = ChannelOf(op).ToString(), user = IdOf(op.user).ToString();
  if (op.kind == Kind::kAddChannelMember) {
    v1::AddChannelMemberRequest request;
    request.set_channel(channel);
    request.set_user(user);
    return Told(here_.channel_members.AddChannelMember(As(op.caller), request));
  }
  v1::RemoveChannelMemberRequest request;
  request.set_channel(channel);
  request.set_user(user);
  request.set_validate_only(op.dry_run);
  return Told(here_.channel_members.RemoveChannelMember(As(op.caller), request));
}

std::string World::ChangeGrant(const Operation& op) {
  const std::string name = MemberName(op.user, op.workspace), channel = ChannelOf(op).ToString();
  if (op.kind == Kind::kAddGuestGrant) {
    v1::AddGuestGrantRequest request;
    request.set_name(name);
    request.set_channel(channel);
    return Told(here_.guest_grants.AddGuestGrant(As(op.caller), request));
  }
  v1::RemoveGuestGrantRequest request;
  request.set_name(name);
  request.set_channel(channel);
  request.set_validate_only(op.dry_run);
  return Told(here_.guest_grants.RemoveGuestGrant(As(op.caller), request));
}

std::string World::StartDirect(const Operation& op) {
  v1::StartDirectConversationRequest request;
  request.set_parent(WorkspaceName(op.workspace));
  request.add_users(IdOf(op.user).ToString());
  request.add_users(IdOf(op.other).ToString());
  return Made(here_.channel_members.StartDirectConversation(As(op.caller), request), op);
}

}  // namespace guestpass::membership::model
