// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>

#include "common/rights/decide.h"
#include "common/rights_feed/shard.h"
#include "common/time/anchored_clock.h"

// What MemberRights and ChannelRights share: the cells that they hold. What the cells contain is guarded by
// the shard's lock; the rest does not change once a snapshot has been taken.
namespace guestpass::rights_feed {

struct MemberView {
  MemberView(Shard& shard, const AnchoredClock& clock, uint32_t shard_number, const WorkspaceId& workspace,
             const UserId& user)
      : shard(shard), clock(clock), shard_number(shard_number), workspace(workspace), user(user) {}
  ~MemberView() { shard.Release(*this); }

  // With the shard's lock.
  bool IsKnown() const {
    return workspace_cell->known && organization_member_cell->known && member_cell->known;
  }
  const rights::WorkspaceState& workspace_state() const {
    return *std::get_if<rights::WorkspaceState>(&workspace_cell->object);
  }
  const rights::MemberState& member() const {
    return *std::get_if<rights::MemberState>(&member_cell->object);
  }
  rights::Authority authority() const {
    return rights::AuthorityOf(
        workspace_state(), *std::get_if<rights::OrganizationMemberState>(&organization_member_cell->object),
        member());
  }

  Shard& shard;
  const AnchoredClock& clock;
  const uint32_t shard_number;
  const WorkspaceId workspace;
  const UserId user;
  OrganizationId organization;
  Cell* workspace_cell = nullptr;
  Cell* organization_member_cell = nullptr;
  Cell* member_cell = nullptr;
};

struct ChannelView {
  ChannelView(std::shared_ptr<const MemberView> member, const ChannelId& channel)
      : member(std::move(member)), channel(channel) {}
  ~ChannelView() { member->shard.Release(*this); }

  // With the shard's lock.
  bool IsKnown() const { return channel_cell->known && participant_cell->known; }
  rights::Standing StandingOf(const rights::Authority& authority) const {
    return rights::StandingOf(authority, member->member(),
                              *std::get_if<rights::ChannelState>(&channel_cell->object),
                              *std::get_if<rights::ParticipantState>(&participant_cell->object));
  }

  const std::shared_ptr<const MemberView> member;
  const ChannelId channel;
  Cell* channel_cell = nullptr;
  Cell* participant_cell = nullptr;
};

}  // namespace guestpass::rights_feed
