// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>

#include "common/rights/decide.h"
#include "common/rights/revision.h"
#include "services/membership/domain/authority.h"
#include "services/membership/domain/model.h"

namespace guestpass::membership {

// What a transaction found under its locks; nothing of it changes before the transaction ends. Absent things
// are absent here and not locked, as no row of theirs can be. A value.
struct Locked {
  absl::Time now;                   // the database's clock, read when the last lock was held
  rights::RightsRevision revision;  // then, too; empty without an organization
  std::optional<Organization> organization;
  std::map<UserId, rights::OrganizationRole> organization_roles;
  std::optional<Workspace> workspace;
  std::map<ChannelId, Channel> channels;  // those asked for that are the workspace's
  std::map<UserId, Member> members;

  // What `user` may do in the workspace; no role where there is no workspace.
  rights::Authority AuthorityOf(const UserId& user) const;
  Position PositionOf(const UserId& user) const;
  std::optional<rights::OrganizationRole> RoleInOrganization(const UserId& user) const;
  std::optional<Member> MemberOf(const UserId& user) const;
  std::optional<Channel> ChannelOf(const ChannelId& channel) const;
};

enum class LockMode { kShare, kUpdate };

// What a transaction locks, before anything else and all at once, so that the order (organization, its
// members by user, workspace, channels by id, members by user) is kept in one place. What is only read is
// locked FOR SHARE, what changes FOR NO KEY UPDATE.
struct LockPlan {
  OrganizationId organization;  // left empty where `workspace` says whose it is
  LockMode organization_mode = LockMode::kShare;
  WorkspaceId workspace;  // empty: none
  LockMode workspace_mode = LockMode::kShare;
  std::map<ChannelId, LockMode> channels;
  // Their roles in the organization are locked in `organization_mode`, their members in this mode.
  std::map<UserId, LockMode> users;

  // Whether what was found makes the workspace one of the things that change. If it does, the transaction
  // rolls back and begins again with that lock. Empty: never.
  std::function<bool(const Locked&)> changes_workspace;

  // Locks `user`, whom nobody else has asked to lock more strongly. No user: nothing.
  LockPlan& With(const UserId& user, LockMode mode);
};

}  // namespace guestpass::membership
