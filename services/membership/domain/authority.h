// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/rights/decide.h"

// Who may change a workspace or an organization. Pure.
namespace guestpass::membership {

// What a user is in one organization, and in one workspace of it, at one moment.
struct Position {
  absl::Time now;
  bool organization_exists = false;
  std::optional<rights::OrganizationRole> organization_role;
  bool workspace_exists = false;  // and is not deleted
  rights::Authority authority;    // in the workspace
};

// Who has ADMIN authority, in the words of a refusal.
inline constexpr char kAdmins[] = "admins of the workspace, and owners and admins of its organization,";

// OK for who is of the workspace at `now`, else PERMISSION_DENIED: ROLE_TOO_LOW {role=NONE}, GUEST_ENDED.
absl::Status RequireEntry(const rights::Authority& authority, absl::Time now);

// OK with ADMIN authority at `now`, else PERMISSION_DENIED: as RequireEntry, or ROLE_TOO_LOW {role}.
absl::Status RequireAdmin(const rights::Authority& authority, absl::Time now);

// OK for an owner or admin of the organization, else ROLE_TOO_LOW {role=NONE}.
absl::Status RequireOrganizationRole(const Position& position);

// OK for an owner of the organization, else ROLE_TOO_LOW {role}.
absl::Status RequireOrganizationOwner(const Position& position);

}  // namespace guestpass::membership
