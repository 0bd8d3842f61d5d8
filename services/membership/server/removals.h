// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "common/rights/names.h"
#include "services/membership/server/callers.h"
#include "services/membership/storage/locks.h"
#include "services/membership/storage/membership_tx.h"

// The removal of one direct member, for every method that removes some.
namespace guestpass::membership {

// What a removal locks: the member for update, and with it the workspace where a direct ADMIN goes (M4).
LockPlan RemovalPlan(const MemberName& name);

// Removes the member under RemovalPlan's locks, and tells the audit log of it and of each channel that the
// member took part in. `by_itself`: it leaves. In this order (M5): MEMBER_NOT_FOUND, also for who is here
// through the organization only; ORG_OWNER_PROTECTED; LAST_ADMIN. The caller was authorized before.
absl::Status RemoveLocked(const MemberName& name, const Locked& locked, Right right, bool by_itself,
                          MembershipTx& tx);

// Tells the audit log that the user's part in these channels ended: what a removal and a demotion to GUEST
// bring with them.
void AuditLeaving(const UserId& user, const std::vector<ChannelId>& left, const Locked& locked, Right right,
                  MembershipTx& tx);

}  // namespace guestpass::membership
