// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "services/membership/domain/guest_times.h"
#include "services/membership/domain/model.h"

// What a workspace's settings ask of who becomes a guest, by an invite, CreateMember or a change of role.
// Pure.
namespace guestpass::membership {

// The `expire_time` of a new guest (G7): as given; Never: the workspace's default, else its maximum, else the
// infinite future. FIELD_INVALID for a time that is not ahead or is beyond LatestExpireTime(), and for a
// duration that is not positive; GUEST_LIFETIME_EXCEEDED beyond the maximum.
absl::StatusOr<absl::Time> FirstExpireTime(const ExpireSetting& setting, const WorkspaceSettings& settings,
                                           absl::Time now);

// OK if a guest's time may be set to `expire_time` (the infinite future: without end) at `now`, else
// GUEST_LIFETIME_EXCEEDED.
absl::Status CheckLifetime(absl::Time expire_time, const WorkspaceSettings& settings, absl::Time now);

// Whether who has that verified address (folded; empty: none) may become a guest (I20).
bool DomainAllowed(const WorkspaceSettings& settings, absl::string_view address);

// "example.com" or "*.example.com", folded; FIELD_INVALID naming `field`.
absl::StatusOr<std::string> ParseGuestDomain(absl::string_view field, absl::string_view text);

// How many guests there are that have not ended, the newcomer not counted.
struct GuestCounts {
  int64_t workspace = 0;
  int64_t sponsor = 0;  // of the newcomer's sponsor
};

// Whether counting is worth the while.
bool HasCaps(const WorkspaceSettings& settings);

// OK if one more may join (G9), else GUEST_LIMIT_REACHED.
absl::Status CheckCaps(const WorkspaceSettings& settings, const GuestCounts& counts);

}  // namespace guestpass::membership
