// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include "common/postgres/pipeline.h"
#include "services/membership/storage/locks.h"

namespace guestpass::membership {

// Takes the plan's locks in the order that it promises, the workspace in `workspace_mode`, reads the clock
// and the shard's head then, and says in `locked` what it found: one round trip. A statement a kind of row,
// since one that waited for a row sees other rows as they were before it waited.
absl::Status TakeLocks(postgres::Pipeline& pipeline, const LockPlan& plan, LockMode workspace_mode,
                       Locked& locked);

}  // namespace guestpass::membership
