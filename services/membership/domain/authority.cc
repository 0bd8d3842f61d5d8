// SPDX-License-Identifier: Apache-2.0
#include "services/membership/domain/authority.h"

#include "common/status/macros.h"
#include "services/membership/domain/errors.h"

namespace guestpass::membership {

absl::Status RequireEntry(const rights::Authority& authority, absl::Time now) {
  if (const auto refusal = rights::DecideEntry(authority, /*writes=*/false, now)) {
    return rights::RefusalError(*refusal, authority, rights::Action::kRead, "");
  }
  return absl::OkStatus();
}

absl::Status RequireAdmin(const rights::Authority& authority, absl::Time now) {
  RETURN_IF_ERROR(RequireEntry(authority, now));
  return rights::IsAdmin(authority) ? absl::OkStatus() : RoleTooLow(authority, kAdmins);
}

absl::Status RequireOrganizationRole(const Position& position) {
  return position.organization_role.has_value() ? absl::OkStatus() : NoOrganizationRole();
}

absl::Status RequireOrganizationOwner(const Position& position) {
  if (position.organization_role == rights::OrganizationRole::kOwner) return absl::OkStatus();
  if (position.organization_role.has_value()) return OwnersOnly("ORG_ADMIN");
  if (position.authority.role.has_value()) RETURN_IF_ERROR(RequireEntry(position.authority, position.now));
  return OwnersOnly(rights::RoleName(position.authority.role));
}

}  // namespace guestpass::membership
