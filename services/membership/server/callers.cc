// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/callers.h"

#include "common/mail/address.h"
#include "services/membership/domain/authority.h"
#include "services/membership/domain/errors.h"

namespace guestpass::membership {

Actor ActorOf(const rpc::Call& call) {
  return {.user = call.caller.user.has_value() ? call.caller.user->user : UserId(),
          .service = call.caller.service,
          .request_id = call.request_id};
}

std::string VerifiedAddress(const rpc::Call& call) {
  if (!call.caller.user.has_value() || !call.caller.user->email_verified) return "";
  const auto address = mail::ParseAddress(call.caller.user->email);
  return address.has_value() ? address->folded : "";
}

absl::StatusOr<Right> RequireAdminOrOperator(const rpc::Call& call, const UserId& user,
                                             const WorkspaceId& workspace, const Locked& locked) {
  const absl::Status own = RequireAdmin(locked.AuthorityOf(user), locked.now);
  if (own.ok()) return Right::kOwn;
  if (!call.caller.is_operator) return own;
  if (!locked.workspace.has_value() || locked.workspace->state.deleted) return WorkspaceNotFound(workspace);
  return Right::kPlatform;
}

}  // namespace guestpass::membership
