// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/audits.h"

#include <utility>

namespace guestpass::membership {

AuditEntry AuditOf(absl::string_view action, std::string target, const Locked& locked, Right right) {
  AuditEntry entry{
      .action = std::string(action), .target = std::move(target), .platform = right == Right::kPlatform};
  if (locked.organization.has_value()) entry.organization = locked.organization->id;
  if (locked.workspace.has_value()) entry.workspace = locked.workspace->state.workspace;
  return entry;
}

}  // namespace guestpass::membership
