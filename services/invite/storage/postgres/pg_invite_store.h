// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "common/postgres/pool.h"
#include "services/invite/storage/invite_store.h"

namespace guestpass::invite {

// InviteStore on PostgreSQL. Errors as there.
class PgInviteStore : public InviteStore {
 public:
  explicit PgInviteStore(postgres::Pool& pool) : pool_(pool) {}

  absl::Status Transact(absl::FunctionRef<absl::Status(InviteTx&)> body) override;
  absl::StatusOr<absl::Time> Now() override;
  absl::StatusOr<Invite> Get(const InviteName& name) override;
  absl::StatusOr<std::vector<Invite>> List(const InviteFilter& filter,
                                           const std::optional<InvitePlace>& after, int limit) override;
  absl::Status RenewLeases(const std::vector<Waiting>& waiting, absl::Duration lease) override;
  absl::Status SettleUnlimited(const std::vector<Settlement>& settlements) override;

 private:
  postgres::Pool& pool_;
};

}  // namespace guestpass::invite
