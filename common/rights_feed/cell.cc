// SPDX-License-Identifier: Apache-2.0
#include "common/rights_feed/cell.h"

#include <algorithm>

#include "absl/strings/string_view.h"

namespace guestpass::rights_feed {
namespace {

template <typename State>
size_t IndexOf() {
  return rights::Object(std::in_place_type<State>).index();
}

ObjectKey Make(size_t kind, absl::string_view first, absl::string_view second) {
  ObjectKey key{.kind = kind};
  std::copy(first.begin(), first.end(), key.ids.begin());
  std::copy(second.begin(), second.end(), key.ids.begin() + UserId::kLength);
  return key;
}

struct KeyOfState {
  ObjectKey operator()(const rights::OrganizationMemberState& s) const {
    return ObjectKey::OrganizationMember(s.organization, s.user);
  }
  ObjectKey operator()(const rights::WorkspaceState& s) const { return ObjectKey::Workspace(s.workspace); }
  ObjectKey operator()(const rights::ChannelState& s) const { return ObjectKey::Channel(s.channel); }
  ObjectKey operator()(const rights::MemberState& s) const { return ObjectKey::Member(s.workspace, s.user); }
  ObjectKey operator()(const rights::ParticipantState& s) const {
    return ObjectKey::Participant(s.channel, s.user);
  }
};

}  // namespace

ObjectKey ObjectKey::Of(const rights::Object& object) { return std::visit(KeyOfState{}, object); }

ObjectKey ObjectKey::Workspace(const WorkspaceId& workspace) {
  return Make(IndexOf<rights::WorkspaceState>(), workspace.text(), {});
}

ObjectKey ObjectKey::OrganizationMember(const OrganizationId& organization, const UserId& user) {
  return Make(IndexOf<rights::OrganizationMemberState>(), organization.text(), user.text());
}

ObjectKey ObjectKey::Member(const WorkspaceId& workspace, const UserId& user) {
  return Make(IndexOf<rights::MemberState>(), workspace.text(), user.text());
}

ObjectKey ObjectKey::Channel(const ChannelId& channel) {
  return Make(IndexOf<rights::ChannelState>(), channel.text(), {});
}

ObjectKey ObjectKey::Participant(const ChannelId& channel, const UserId& user) {
  return Make(IndexOf<rights::ParticipantState>(), channel.text(), user.text());
}

}  // namespace guestpass::rights_feed
