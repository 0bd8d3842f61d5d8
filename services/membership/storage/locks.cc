// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/locks.h"

#include <algorithm>

namespace guestpass::membership {
namespace {

template <typename Map>
std::optional<typename Map::mapped_type> Find(const Map& map, const typename Map::key_type& key) {
  const auto found = map.find(key);
  if (found == map.end()) return std::nullopt;
  return found->second;
}

}  // namespace

rights::Authority Locked::AuthorityOf(const UserId& user) const {
  if (!workspace.has_value()) return {};
  const std::optional<Member> member = MemberOf(user);
  return rights::AuthorityOf(
      workspace->state,
      {.organization = workspace->state.organization, .user = user, .role = RoleInOrganization(user)},
      member.has_value() ? member->state : rights::MemberState());
}

Position Locked::PositionOf(const UserId& user) const {
  return {.now = now,
          .organization_exists = organization.has_value(),
          .organization_role = RoleInOrganization(user),
          .workspace_exists = workspace.has_value() && !workspace->state.deleted,
          .authority = AuthorityOf(user)};
}

std::optional<rights::OrganizationRole> Locked::RoleInOrganization(const UserId& user) const {
  return Find(organization_roles, user);
}

std::optional<Member> Locked::MemberOf(const UserId& user) const { return Find(members, user); }

std::optional<Channel> Locked::ChannelOf(const ChannelId& channel) const { return Find(channels, channel); }

LockPlan& LockPlan::With(const UserId& user, LockMode mode) {
  if (user.empty()) return *this;
  const auto [found, is_new] = users.emplace(user, mode);
  if (!is_new) found->second = std::max(found->second, mode);
  return *this;
}

}  // namespace guestpass::membership
