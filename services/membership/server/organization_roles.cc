// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/organization_roles.h"

#include "common/rights/names.h"
#include "common/status/macros.h"
#include "services/membership/domain/errors.h"
#include "services/membership/server/audits.h"

namespace guestpass::membership {
namespace {

using rights::OrganizationMemberState;
using rights::OrganizationRole;

// The user of `after` stops being an owner.
absl::Status RequireAnotherOwner(const OrganizationMemberState& after, MembershipTx& tx) {
  ASSIGN_OR_RETURN(const int64_t others, tx.CountOtherOwners(after.organization, after.user));
  return others == 0 ? LastOwner(after.organization) : absl::OkStatus();
}

absl::Status ChangeRole(absl::string_view action, const OrganizationMemberState& after, const Locked& locked,
                        Right right, MembershipTx& tx) {
  const auto before = locked.RoleInOrganization(after.user);
  if (before == OrganizationRole::kOwner) RETURN_IF_ERROR(RequireAnotherOwner(after, tx));
  tx.PutOrganizationMember(after);
  AuditEntry entry = AuditOf(action, ToName(after.organization), locked, right);
  if (before.has_value()) {
    entry.before =
        OrganizationMemberState{.organization = after.organization, .user = after.user, .role = before};
  }
  entry.after = after;
  entry.notes = {{"user", after.user.ToString()}};
  tx.Audit(entry);
  return absl::OkStatus();
}

}  // namespace

LockPlan RolePlan(const OrganizationId& organization, const UserId& user) {
  LockPlan plan{.organization = organization, .organization_mode = LockMode::kUpdate};
  plan.With(user, LockMode::kUpdate);
  return plan;
}

absl::Status GiveRole(const OrganizationMemberState& after, const Locked& locked, Right right,
                      MembershipTx& tx) {
  const bool had_one = locked.RoleInOrganization(after.user).has_value();
  return ChangeRole(had_one ? "organization.member_changed" : "organization.member_added", after, locked,
                    right, tx);
}

absl::Status EndRole(const UserId& user, const Locked& locked, Right right, bool by_itself,
                     MembershipTx& tx) {
  const OrganizationId& organization = locked.organization->id;
  RETURN_IF_ERROR(ChangeRole(by_itself ? "organization.member_left" : "organization.member_removed",
                             {.organization = organization, .user = user}, locked, right, tx));
  ASSIGN_OR_RETURN(const std::vector<ChannelName> left, tx.LeaveWithoutMember(organization, user));
  tx.NoteRemoval(organization, user);
  for (const ChannelName& channel : left)
    tx.Audit(PartAuditOf(channel, user, /*present=*/false, locked, right));
  return absl::OkStatus();
}

}  // namespace guestpass::membership
