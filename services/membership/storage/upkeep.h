// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rights/ids.h"

namespace guestpass::membership {

// What membership clears away, in steps of so few rows that none holds a lock for long: each method is one
// short transaction, to be called again until it gives 0. Rows that others hold are passed over; who must
// know that nothing is left asks the count. Changes no right. Thread-safe; every method blocks. Errors of
// all: DATABASE_UNAVAILABLE, OVERLOADED, CONFLICT, OUTCOME_UNKNOWN.
class Upkeep {
 public:
  virtual ~Upkeep() = default;

  // Drops entries of the shard's log that were recorded more than `age` ago, the oldest first, and raises the
  // shard's pruned_n in the same transaction, so that no reader takes the rest for all. Gives how many; 0
  // also while somebody else is at it.
  virtual absl::StatusOr<int64_t> PruneLog(uint32_t shard, absl::Duration age, int limit) = 0;

  // Drops join keys and kept answers whose time is over. Gives how many.
  virtual absl::StatusOr<int64_t> ForgetJoinKeys(int limit) = 0;
  virtual absl::StatusOr<int64_t> ForgetAnswers(int limit) = 0;

  // Deleted workspaces that still have members' records, at most `limit`.
  virtual absl::StatusOr<std::vector<WorkspaceId>> UnclearedWorkspaces(int limit) = 0;

  // Drops records of a deleted workspace, first the participants' in its channels, then the members'; nothing
  // of one that stands. Gives how many of both. CountMembers: how many members' are left.
  virtual absl::StatusOr<int64_t> ClearWorkspace(const WorkspaceId& workspace, int limit) = 0;
  virtual absl::StatusOr<int64_t> CountMembers(const WorkspaceId& workspace) = 0;

  // Clears what is derived from the user's address from the records of removals, of which one a workspace, or
  // organization, stays, with the latest number. Gives how many records had it. Members' own addresses are
  // not its business: each is cleared in a transaction with its entry in the audit log, so that none that was
  // set a moment before goes without. CountAddresses: how many records of either sort still have one.
  virtual absl::StatusOr<int64_t> EraseAddresses(const UserId& user, int limit) = 0;
  virtual absl::StatusOr<int64_t> CountAddresses(const UserId& user) = 0;

  // The organization's workspaces, in order, in which the user has a direct record, behind `after` (no id:
  // from the first); none that are deleted.
  virtual absl::StatusOr<std::vector<WorkspaceId>> WorkspacesOf(const OrganizationId& organization,
                                                                const UserId& user, const WorkspaceId& after,
                                                                int limit) = 0;
  virtual absl::StatusOr<int64_t> CountWorkspacesOf(const OrganizationId& organization, const UserId& user,
                                                    const WorkspaceId& after) = 0;

  // The addresses (folded) of the user's direct records in the organization, each once.
  virtual absl::StatusOr<std::vector<std::string>> AddressesOf(const OrganizationId& organization,
                                                               const UserId& user) = 0;

  // Of these workspaces, in order, those whose only direct ADMIN the user is.
  virtual absl::StatusOr<std::vector<WorkspaceId>> OnlyAdminOf(const std::vector<WorkspaceId>& workspaces,
                                                               const UserId& user) = 0;

  // The workspaces, in order, behind `after`, in which the user has a direct record with an address; deleted
  // ones too.
  virtual absl::StatusOr<std::vector<WorkspaceId>> WorkspacesWithAddress(const UserId& user,
                                                                         const WorkspaceId& after,
                                                                         int limit) = 0;
};

}  // namespace guestpass::membership
