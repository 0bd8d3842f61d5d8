// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include "common/rpc/call.h"
#include "services/invite/client/membership.h"

// Who may manage a workspace's invites: membership says so, each time anew.
namespace guestpass::invite {

// Whether membership, by answering a draft with that, has said that the user may invite: it judges the
// authority first.
bool HasAuthority(const absl::Status& checked);

// Whether the user has ADMIN authority in the workspace. ROLE_TOO_LOW, also where there is no such workspace;
// GUEST_ENDED; CALLER_NOT_ALLOWED without a user; SERVICE_UNAVAILABLE. Says nothing of any invite.
absl::Status RequireAuthority(Membership& membership, const rpc::Call& call, const WorkspaceId& workspace);

// CALLER_NOT_ALLOWED for who is no platform operator.
absl::Status RequireOperator(const rpc::Call& call);

}  // namespace guestpass::invite
