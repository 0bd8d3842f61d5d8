// SPDX-License-Identifier: Apache-2.0
#include "common/rights/errors.h"

#include "common/rights/names.h"
#include "common/status/error.h"

namespace guestpass {

absl::Status EmailNotVerified() {
  return Error(
      Reason::kEmailNotVerified,
      "Your account has no verified email address that is accepted here: ASCII before the @, a domain "
      "behind it. Verify one where you sign in, sign in again and retry.");
}

absl::Status WorkspaceNotFound(const WorkspaceId& workspace) {
  return Error(Reason::kWorkspaceNotFound, "There is no such workspace.", {{"workspace", ToName(workspace)}});
}

}  // namespace guestpass
