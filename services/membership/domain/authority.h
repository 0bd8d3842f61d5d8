// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/rights/decide.h"

// Who may change a workspace. Pure.
namespace guestpass::membership {

// OK for who is of the workspace at `now`, else PERMISSION_DENIED: ROLE_TOO_LOW {role=NONE}, GUEST_ENDED.
absl::Status RequireEntry(const rights::Authority& authority, absl::Time now);

// OK with ADMIN authority at `now`, else PERMISSION_DENIED: as RequireEntry, or ROLE_TOO_LOW {role}.
absl::Status RequireAdmin(const rights::Authority& authority, absl::Time now);

}  // namespace guestpass::membership
