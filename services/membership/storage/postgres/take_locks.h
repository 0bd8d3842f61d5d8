// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "common/postgres/session.h"
#include "services/membership/storage/locks.h"

namespace guestpass::membership {

// Takes the plan's locks in the order that it promises, the workspace in `workspace_mode`, and reads the
// clock then. A statement a kind of row, since one that waited for a row sees other rows as they were before
// it waited.
absl::StatusOr<Locked> TakeLocks(postgres::Session& session, const LockPlan& plan, LockMode workspace_mode);

}  // namespace guestpass::membership
