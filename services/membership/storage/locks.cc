// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/locks.h"

namespace guestpass::membership {

rights::Authority Locked::AuthorityOf(const UserId& user) const {
  if (!workspace.has_value()) return {};
  const std::optional<Member> member = MemberOf(user);
  return rights::AuthorityOf(
      workspace->state,
      {.organization = workspace->state.organization, .user = user, .role = RoleInOrganization(user)},
      member.has_value() ? member->state : rights::MemberState());
}

std::optional<rights::OrganizationRole> Locked::RoleInOrganization(const UserId& user) const {
  const auto found = organization_roles.find(user);
  if (found == organization_roles.end()) return std::nullopt;
  return found->second;
}

std::optional<Member> Locked::MemberOf(const UserId& user) const {
  const auto found = members.find(user);
  if (found == members.end()) return std::nullopt;
  return found->second;
}

}  // namespace guestpass::membership
