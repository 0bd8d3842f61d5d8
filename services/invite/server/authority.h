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

// Whether the user has ADMIN authority in the workspace, which who makes or resends an invite needs: an
// invite stands as long as its inviter has it, so a platform operator needs it as well. ROLE_TOO_LOW, also
// where there is no such workspace; GUEST_ENDED; CALLER_NOT_ALLOWED without a user; SERVICE_UNAVAILABLE. Says
// nothing of any invite.
absl::Status RequireInviter(Membership& membership, const rpc::Call& call, const WorkspaceId& workspace);

// Whether the caller may read and end the workspace's invites: as RequireInviter, but that a platform
// operator needs no role there (M12). For one, WORKSPACE_NOT_FOUND where there is no such workspace or it was
// deleted.
absl::Status RequireAuthority(Membership& membership, const rpc::Call& call, const WorkspaceId& workspace);

// CALLER_NOT_ALLOWED for who is no platform operator.
absl::Status RequireOperator(const rpc::Call& call);

}  // namespace guestpass::invite
