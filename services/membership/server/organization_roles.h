// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "services/membership/server/callers.h"
#include "services/membership/storage/locks.h"
#include "services/membership/storage/membership_tx.h"

// A change of who has a role in an organization, for every method that makes one.
namespace guestpass::membership {

// Locks the organization for update: its roles change one transaction after the other, so that owners can be
// counted (M6), and nobody takes part in anything meanwhile through a role that ends.
LockPlan RolePlan(const OrganizationId& organization, const UserId& user);

// Gives the user of `after` its role under RolePlan's locks, and tells the audit log. LAST_OWNER.
absl::Status GiveRole(const rights::OrganizationMemberState& after, const Locked& locked, Right right,
                      MembershipTx& tx);

// Ends the user's role, of which it must have one, under RolePlan's locks, and with it its part in channels
// where it was through the role only; tells the audit log of each. No invite made before lets the user into
// any workspace of the organization any more (M7). `by_itself`: it leaves. LAST_OWNER.
absl::Status EndRole(const UserId& user, const Locked& locked, Right right, bool by_itself, MembershipTx& tx);

}  // namespace guestpass::membership
