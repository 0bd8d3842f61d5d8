// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/postgres/pipeline.h"
#include "services/membership/storage/locks.h"
#include "services/membership/storage/postgres/read_locked.h"

namespace guestpass::membership {

// What a plan locks by name, in the order in which everybody does. No name: the workspace's organization.
struct NamedLock {
  std::optional<std::string> name;
  LockMode mode = LockMode::kShare;
};
std::vector<NamedLock> LocksOf(const LockPlan& plan, LockMode workspace_mode);

// Says in `found` what is there now, and locks nothing: one round trip.
absl::Status LookAround(postgres::Pipeline& pipeline, const LockPlan& plan, Locked& found);

// Takes the plan's locks in the order that it promises, the workspace in `workspace_mode`, and says in
// `locked` what it then found: one round trip. The locks are a statement by themselves, since one that waited
// sees everything as it was before it waited.
absl::Status TakeLocks(postgres::Pipeline& pipeline, const LockPlan& plan, LockMode workspace_mode,
                       Locked& locked);

// The same for several plans at once, none of which locks its organization or workspace for update, in one
// round trip and waiting for nobody: which of them have all their locks is in `granted`.
absl::Status TryLocks(postgres::Pipeline& pipeline, std::vector<PlannedLocks>& plans);

// Queues the lock of an address (folded; none: nothing) in a workspace. Who joins with it, and who is removed
// that had it, come one after the other (M7). After it a transaction locks no more names.
void LockAddress(postgres::Pipeline& pipeline, const WorkspaceId& workspace, const std::string& address);

}  // namespace guestpass::membership
