// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/removals.h"

#include "common/status/macros.h"
#include "services/membership/domain/errors.h"
#include "services/membership/server/audits.h"

namespace guestpass::membership {
namespace {

absl::StatusOr<Member> RequireRemovable(const MemberName& name, const Locked& locked, MembershipTx& tx) {
  const auto member = locked.MemberOf(name.user);
  if (!member.has_value()) return MemberNotFound(name);
  if (locked.RoleInOrganization(name.user) == rights::OrganizationRole::kOwner) {
    return OrgOwnerProtected(name.ToString());
  }
  if (member->state.role == rights::Role::kAdmin) {
    ASSIGN_OR_RETURN(const int64_t others, tx.CountOtherAdmins(name.workspace, name.user));
    if (others == 0) return LastAdmin(name);
  }
  return *member;
}

}  // namespace

LockPlan RemovalPlan(const MemberName& name) {
  LockPlan plan{.workspace = name.workspace};
  plan.With(name.user, LockMode::kUpdate);
  plan.changes_workspace = [user = name.user](const Locked& locked) {
    const auto member = locked.MemberOf(user);
    return member.has_value() && member->state.role == rights::Role::kAdmin;
  };
  return plan;
}

absl::Status RemoveLocked(const MemberName& name, const Locked& locked, Right right, bool by_itself,
                          MembershipTx& tx) {
  ASSIGN_OR_RETURN(const Member member, RequireRemovable(name, locked, tx));
  ASSIGN_OR_RETURN(const std::vector<ChannelId> left, tx.RemoveMember(member));
  AuditEntry entry = AuditOf(by_itself ? "member.left" : "member.removed", name.ToString(), locked, right);
  entry.before = member.state;
  tx.Audit(entry);
  AuditLeaving(name.user, left, locked, right, tx);
  return absl::OkStatus();
}

void AuditLeaving(const UserId& user, const std::vector<ChannelId>& left, const Locked& locked, Right right,
                  MembershipTx& tx) {
  for (const ChannelId& channel : left) {
    tx.Audit(
        PartAuditOf({locked.workspace->state.workspace, channel}, user, /*present=*/false, locked, right));
  }
}

}  // namespace guestpass::membership
