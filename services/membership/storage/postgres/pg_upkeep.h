// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "common/postgres/pool.h"
#include "services/membership/storage/upkeep.h"

namespace guestpass::membership {

// An Upkeep on PostgreSQL. Steps of several replicas pass each other over, and rows that others hold; none
// waits for a lock while it holds one that others want. Two waits remain: PruneLog's for its shard's head,
// with which it ends, and EraseAddresses' for a removal of the same user that is being recorded, 20 ms at
// most.
class PgUpkeep : public Upkeep {
 public:
  // Outlives this.
  explicit PgUpkeep(postgres::Pool& pool) : pool_(pool) {}

  absl::StatusOr<int64_t> PruneLog(uint32_t shard, absl::Duration age, int limit) override;
  absl::StatusOr<int64_t> ForgetJoinKeys(int limit) override;
  absl::StatusOr<int64_t> ForgetAnswers(int limit) override;
  absl::StatusOr<std::vector<WorkspaceId>> UnclearedWorkspaces(int limit) override;
  absl::StatusOr<int64_t> ClearWorkspace(const WorkspaceId& workspace, int limit) override;
  absl::StatusOr<int64_t> CountMembers(const WorkspaceId& workspace) override;
  absl::StatusOr<int64_t> EraseAddresses(const UserId& user, int limit) override;
  absl::StatusOr<int64_t> CountAddresses(const UserId& user) override;
  absl::StatusOr<std::vector<WorkspaceId>> WorkspacesOf(const OrganizationId& organization,
                                                        const UserId& user, const WorkspaceId& after,
                                                        int limit) override;
  absl::StatusOr<int64_t> CountWorkspacesOf(const OrganizationId& organization, const UserId& user,
                                            const WorkspaceId& after) override;
  absl::StatusOr<std::vector<std::string>> AddressesOf(const OrganizationId& organization,
                                                       const UserId& user) override;
  absl::StatusOr<std::vector<WorkspaceId>> OnlyAdminOf(const std::vector<WorkspaceId>& workspaces,
                                                       const UserId& user) override;
  absl::StatusOr<std::vector<WorkspaceId>> WorkspacesWithAddress(const UserId& user, const WorkspaceId& after,
                                                                 int limit) override;

 private:
  postgres::Pool& pool_;
};

}  // namespace guestpass::membership
