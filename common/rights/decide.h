// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/rights/names.h"
#include "common/rights/objects.h"
#include "common/status/error.h"

// Who may do what now: the one decision of every read and write, here and nowhere else (P1). Pure: no clock,
// no I/O; safe from any thread.
namespace guestpass::rights {

// Everything that can be done in a channel. A new one does not compile until Decide knows it.
enum class Action { kRead, kPost, kReply, kEditOwn, kDeleteOwn, kDeleteAny, kReact };

// Why not, the lasting reason before the passing one.
enum class Refusal {
  kNoMember,
  kGuestEnded,
  kGuestSoftLocked,
  kChannelOutOfScope,
  kChannelArchived,
  kRoleTooLow,
  kRightsStale,
};

// One user in one workspace. Times and state mean something for guests only, and who has authority through
// the organization is none (M11).
struct Authority {
  std::optional<Role> role;  // the effective one; nothing: no member, or the workspace is gone
  absl::Time expire_time = absl::InfiniteFuture();
  absl::Time access_end_time = absl::InfiniteFuture();
  GuestState recorded = GuestState::kActive;
  friend bool operator==(const Authority&, const Authority&) = default;
};

// One user in one channel.
struct Standing {
  Authority authority;
  std::optional<ChannelKind> channel_kind;  // nothing: no such channel in the workspace
  bool takes_part = false;                  // participant (a guest: only of kDirect), or guest with a grant
  bool archived = false;
  absl::Time write_lease_end = absl::InfiniteFuture();
  absl::Time read_lease_end = absl::InfiniteFuture();
};

Authority AuthorityOf(const WorkspaceState& workspace, const OrganizationMemberState& organization_member,
                      const MemberState& member);

// Leases are left without end: for who reads the truth itself.
Standing StandingOf(const Authority& authority, const MemberState& member, const ChannelState& channel,
                    const ParticipantState& participant);

// A guest's state at `now`: by its times, and never earlier than the recorded one. kActive for others.
GuestState StateAt(const Authority& authority, absl::Time now);

// Nothing if the user may be in the workspace at `now` (to read, or to write), or why not.
std::optional<Refusal> DecideEntry(const Authority& authority, bool writes, absl::Time now);

// Nothing if `action` is allowed at `now`, or why not.
std::optional<Refusal> Decide(const Standing& standing, Action action, absl::Time now);

// Whether the user has ADMIN authority at `now`.
bool IsAdmin(const Authority& authority);

// "ADMIN", "NONE": as metadata says it.
const char* RoleName(std::optional<Role> role);

// What a refusal says.
struct RefusalText {
  const char* message;
  ErrorDetails details;
};

// The refusal as everybody is told it: PERMISSION_DENIED ROLE_TOO_LOW {role}, GUEST_ENDED {access_end_time},
// GUEST_SOFT_LOCKED {expire_time}, CHANNEL_OUT_OF_SCOPE {channel}; NOT_FOUND CHANNEL_NOT_FOUND {channel} on
// reading; FAILED_PRECONDITION CHANNEL_ARCHIVED {channel}; UNAVAILABLE RIGHTS_STALE. `channel` is empty
// where the call is about none.
RefusalText TextOf(Refusal refusal, const Authority& authority, Action action, absl::string_view channel);
absl::Status RefusalError(Refusal refusal, const Authority& authority, Action action,
                          absl::string_view channel);

}  // namespace guestpass::rights
