// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/membership/domain/guest_times.h"
#include "services/membership/domain/model.h"

// What a member becomes with a role that an admin gives it (M4, M5, M9, M11, I20, G7). Pure.
namespace guestpass::membership {

// What a new guest gets.
struct GuestTerms {
  std::vector<ChannelId> channels;  // sorted, each once
  ExpireSetting expiry;             // Never: as the workspace's settings say
  UserId sponsor;                   // empty: nobody
};

// What the database says, with the rows of all of it locked.
struct RoleFacts {
  absl::Time now;
  Workspace workspace;
  std::optional<rights::OrganizationRole> organization_role;  // the user's
  std::map<ChannelId, Channel> channels;                      // of the workspace, by id
  int64_t other_admins = 0;                                   // direct ones; known where LosesAdmin
};

// OK, or FIELD_INVALID naming `field` for who has authority through the organization (M11).
absl::Status CheckMayBeGuest(absl::string_view field, const RoleFacts& facts);

// `member` as a guest from now on. In this order: CHANNEL_NOT_FOUND, also for a DIRECT one; CHANNEL_ARCHIVED;
// FIELD_INVALID and GUEST_LIFETIME_EXCEEDED; EMAIL_DOMAIN_NOT_ALLOWED. The caps (G9) are for the caller to
// judge.
absl::StatusOr<Member> AsGuest(Member member, const GuestTerms& terms, const RoleFacts& facts);

// Whether the workspace has a direct ADMIN less once `before` has this role.
bool LosesAdmin(const Member& before, rights::Role role);

// Whether the role is a lower one than `before` has: ADMIN, MEMBER, VIEWER, GUEST is the order.
bool Demotes(const Member& before, rights::Role role);

// `before` with another role; as it was with the same. To GUEST it needs `terms` (else FIELD_INVALID), from
// GUEST it loses times, grants and sponsor. In this order: ORG_OWNER_PROTECTED where it demotes an owner,
// LAST_ADMIN, and as CheckMayBeGuest and AsGuest. FIELD_INVALID for a guest that is given terms anew.
absl::StatusOr<Member> ChangeRole(const Member& before, rights::Role role,
                                  const std::optional<GuestTerms>& terms, const RoleFacts& facts);

// OK if `sponsor`, who has this role in effect, may answer for `guest`: another one who is MEMBER or ADMIN.
// Else FIELD_INVALID naming `field`.
absl::Status CheckSponsor(absl::string_view field, const UserId& sponsor, std::optional<rights::Role> role,
                          const UserId& guest);

}  // namespace guestpass::membership
