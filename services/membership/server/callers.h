// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "common/rpc/call.h"
#include "services/membership/domain/model.h"
#include "services/membership/storage/locks.h"

// Who calls, as the domain knows it.
namespace guestpass::membership {

// What the audit log will say of `call`.
Actor ActorOf(const rpc::Call& call);

// The user's address, verified and folded; "" without one.
std::string VerifiedAddress(const rpc::Call& call);

// How a caller came by the right to administer.
enum class Right { kOwn, kPlatform };

// ADMIN authority in the workspace under its locks, or a platform operator's right (M12). The errors of
// RequireAdmin; WORKSPACE_NOT_FOUND for operators.
absl::StatusOr<Right> RequireAdminOrOperator(const rpc::Call& call, const UserId& user,
                                             const WorkspaceId& workspace, const Locked& locked);

}  // namespace guestpass::membership
