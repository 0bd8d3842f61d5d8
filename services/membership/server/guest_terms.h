// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/call.h"
#include "guestpass/membership/v1/member.pb.h"
#include "services/membership/domain/role_change.h"
#include "services/membership/server/callers.h"
#include "services/membership/storage/locks.h"
#include "services/membership/storage/membership_tx.h"

// What CreateMember, a change of role to GUEST and joining as a guest have in common.
namespace guestpass::membership {

// A request's field `guest`, without a sponsor. FIELD_INVALID naming each bad field of it.
absl::StatusOr<GuestTerms> ReadGuestTerms(const WorkspaceId& workspace, const v1::GuestAccess& access);

// Locks the channels of the terms, which are only read.
void LockChannels(const GuestTerms& terms, LockPlan& plan);

// Who answers for a guest that the caller makes: the caller by its own authority, nobody for a platform
// operator and for who makes a guest of itself.
UserId FirstSponsor(const rpc::Call& call, Right right, const UserId& guest);

// What the locks found of `user`.
RoleFacts FactsOf(const Locked& locked, const UserId& user);

// Whether the workspace sets a cap, so that it is locked for update where somebody becomes a guest.
bool CapsGuests(const Locked& locked);

// OK if the newcomer fits (G9), else GUEST_LIMIT_REACHED. The workspace is locked for update if CapsGuests.
absl::Status CheckRoom(const Member& newcomer, const Locked& locked, MembershipTx& tx);

// A locked member as the API has it, without a revision.
v1::Member ToProto(const Member& member, const Locked& locked);

}  // namespace guestpass::membership
