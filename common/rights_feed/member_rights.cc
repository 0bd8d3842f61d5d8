// SPDX-License-Identifier: Apache-2.0
#include "common/rights_feed/member_rights.h"

#include "common/rights_feed/views.h"

namespace guestpass::rights_feed {

const WorkspaceId& MemberRights::workspace() const { return view_->workspace; }
const OrganizationId& MemberRights::organization() const { return view_->organization; }
const UserId& MemberRights::user() const { return view_->user; }
uint32_t MemberRights::shard() const { return view_->shard_number; }

MemberRights::State MemberRights::state() const {
  absl::ReaderMutexLock lock(&view_->shard.mutex());
  if (!view_->IsKnown()) return {};
  const rights::MemberState& member = view_->member();
  State state{
      .known = true, .workspace_deleted = view_->workspace_state().deleted, .authority = view_->authority()};
  if (state.authority.role == rights::Role::kGuest) state.grants = member.grants;
  return state;
}

const ChannelId& ChannelRights::channel() const { return view_->channel; }
MemberRights ChannelRights::member() const { return MemberRights(view_->member); }

}  // namespace guestpass::rights_feed
