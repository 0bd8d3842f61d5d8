// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "common/auth/seal.h"
#include "common/rpc/call.h"
#include "guestpass/membership/v1/workspace.pb.h"
#include "services/membership/storage/membership_store.h"
#include "services/membership/storage/upkeep.h"

namespace guestpass::membership {

// The methods of workspaces; each blocks. Errors as in membership.proto. Thread-safe. What is passed in
// outlives this.
class Workspaces {
 public:
  Workspaces(MembershipStore& store, Upkeep& upkeep, const auth::Sealer& pages)
      : store_(store), upkeep_(upkeep), pages_(pages) {}

  absl::StatusOr<v1::Workspace> CreateWorkspace(const rpc::Call& call,
                                                const v1::CreateWorkspaceRequest& request);
  absl::StatusOr<v1::Workspace> GetWorkspace(const rpc::Call& call, const v1::GetWorkspaceRequest& request);
  absl::StatusOr<v1::ListWorkspacesResponse> ListWorkspaces(const rpc::Call& call,
                                                            const v1::ListWorkspacesRequest& request);
  absl::StatusOr<v1::Workspace> UpdateWorkspace(const rpc::Call& call,
                                                const v1::UpdateWorkspaceRequest& request);
  absl::StatusOr<v1::DeleteWorkspaceResponse> DeleteWorkspace(const rpc::Call& call,
                                                              const v1::DeleteWorkspaceRequest& request);

 private:
  MembershipStore& store_;
  Upkeep& upkeep_;
  const auth::Sealer& pages_;
};

}  // namespace guestpass::membership
