// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/authority.h"

#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/invite/domain/errors.h"

namespace guestpass::invite {

bool HasAuthority(const absl::Status& checked) {
  if (checked.ok()) return true;
  for (Reason reason : {Reason::kFieldInvalid, Reason::kChannelNotFound, Reason::kChannelArchived,
                        Reason::kGuestLifetimeExceeded, Reason::kEmailDomainNotAllowed, Reason::kMemberExists,
                        Reason::kGuestLimitReached}) {
    if (HasReason(checked, reason)) return true;
  }
  return false;
}

absl::Status RequireInviter(Membership& membership, const rpc::Call& call, const WorkspaceId& workspace) {
  RETURN_IF_ERROR(call.RequireUser().status());
  const absl::Status checked = membership.CheckInvite(call, workspace, Draft()).status();
  return HasAuthority(checked) ? absl::OkStatus() : checked;
}

absl::Status RequireAuthority(Membership& membership, const rpc::Call& call, const WorkspaceId& workspace) {
  if (!call.caller.is_operator) return RequireInviter(membership, call, workspace);
  ASSIGN_OR_RETURN(const bool stands, membership.WorkspaceStands(workspace));
  return stands ? absl::OkStatus() : WorkspaceNotFound(workspace);
}

absl::Status RequireOperator(const rpc::Call& call) {
  if (call.caller.is_operator) return absl::OkStatus();
  return Error(Reason::kCallerNotAllowed, "This is for platform operators. Use an operator's credential.");
}

}  // namespace guestpass::invite
