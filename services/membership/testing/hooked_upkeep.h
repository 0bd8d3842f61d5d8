// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "services/membership/storage/postgres/pg_upkeep.h"

namespace guestpass::membership {

// What happens between the steps of a removal from an organization, and what fails there. For one thread.
class HookedUpkeep : public PgUpkeep {
 public:
  using PgUpkeep::PgUpkeep;
  absl::StatusOr<std::vector<std::string>> AddressesOf(const OrganizationId& organization,
                                                       const UserId& user) override {
    auto found = PgUpkeep::AddressesOf(organization, user);
    after_addresses();
    return found;
  }
  absl::StatusOr<std::vector<WorkspaceId>> OnlyAdminOf(const std::vector<WorkspaceId>& workspaces,
                                                       const UserId& user) override {
    if (!fails.ok()) return fails;
    auto found = PgUpkeep::OnlyAdminOf(workspaces, user);
    hook();
    return found;
  }
  absl::StatusOr<int64_t> CountWorkspacesOf(const OrganizationId& organization, const UserId& user,
                                            const WorkspaceId& after) override {
    if (!count_fails.ok()) return count_fails;
    return PgUpkeep::CountWorkspacesOf(organization, user, after);
  }

  std::function<void()> after_addresses = [] {};  // were read, and before anything is changed
  std::function<void()> hook = [] {};             // when the removal has begun, and before a workspace's turn
  absl::Status fails, count_fails;                // once it has begun
};

}  // namespace guestpass::membership
