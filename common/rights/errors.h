// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include "common/rights/ids.h"

// What several services say in the same words.
namespace guestpass {

// PERMISSION_DENIED EMAIL_NOT_VERIFIED
absl::Status EmailNotVerified();

// NOT_FOUND WORKSPACE_NOT_FOUND {workspace}, for operators: others learn nothing of what exists.
absl::Status WorkspaceNotFound(const WorkspaceId& workspace);

}  // namespace guestpass
