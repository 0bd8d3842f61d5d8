// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "common/rights/decide.h"
#include "common/rights/revision.h"
#include "services/membership/domain/authority.h"
#include "services/membership/domain/model.h"

namespace guestpass::membership {

// What a transaction found under its locks. Before it ends nothing of it changes, also not that a thing is
// absent, but for one thing: of who is locked for share the expiry clock may record what its times say. A
// value.
struct Locked {
  absl::Time now;                   // the database's clock, read when the plan's locks were held
  rights::RightsRevision revision;  // then, too; empty without an organization
  std::optional<Organization> organization;
  std::map<UserId, rights::OrganizationRole> organization_roles;
  std::optional<Workspace> workspace;
  std::map<ChannelId, Channel> channels;  // those asked for that are the workspace's
  std::map<UserId, Member> members;
  uint64_t removed_n = 0;  // of the plan's newcomer: the latest removal that binds it, or 0

  // What `user` may do in the workspace; no role where there is no workspace.
  rights::Authority AuthorityOf(const UserId& user) const;
  Position PositionOf(const UserId& user) const;
  std::optional<rights::OrganizationRole> RoleInOrganization(const UserId& user) const;
  std::optional<Member> MemberOf(const UserId& user) const;
  std::optional<Channel> ChannelOf(const ChannelId& channel) const;
};

enum class LockMode { kShare, kUpdate };

// What a transaction locks, before anything else and all at once, so that the order (organization, workspace,
// channels by id, members by user, an address) is kept in one place; later only an address is locked, then
// rows of channels, and last the head. Who only reads a thing shares its lock with others that do; who
// changes it has it alone. They are granted in the order in which they were asked for: no crowd of readers
// keeps a change waiting (ADR 10).
struct LockPlan {
  OrganizationId organization;                    // left empty where `workspace` says whose it is
  LockMode organization_mode = LockMode::kShare;  // and of the roles in it
  WorkspaceId workspace;                          // empty: none
  LockMode workspace_mode = LockMode::kShare;
  std::map<ChannelId, LockMode> channels;
  std::map<UserId, LockMode> users;  // their members; the rows of those that change are held, too

  // Who may have been removed before, from the workspace or from all of its organization, as that user or
  // under that address (folded; none: ""). The address is locked too, and which removal binds them is in
  // Locked: none is under way (M7).
  struct Newcomer {
    UserId user;
    std::string address;
  };
  std::optional<Newcomer> newcomer;

  // Whether the change may share a transaction with others that conflict with none of its locks: its body
  // asks for nothing that its own changes would alter, and changes nothing by asking.
  bool may_share = false;

  // Whether what was found makes the workspace one of the things that change. If it does, the transaction
  // rolls back and begins again with that lock. Empty: never.
  std::function<bool(const Locked&)> changes_workspace;

  // Why who asks may not, by what was found; the body judges again. Asked before an organization or a
  // workspace is locked for update, by a look without locks: so who may not makes nobody wait. Empty:
  // everybody may.
  std::function<absl::Status(const Locked&)> judge;

  // Locks `user`, whom nobody else has asked to lock more strongly. No user: nothing.
  LockPlan& With(const UserId& user, LockMode mode);
};

}  // namespace guestpass::membership
