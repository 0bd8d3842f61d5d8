// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "common/postgres/params.h"
#include "common/postgres/pool.h"
#include "services/invite/storage/invite_upkeep.h"

namespace guestpass::invite {

// InviteUpkeep on PostgreSQL. Errors as there.
class PgInviteUpkeep : public InviteUpkeep {
 public:
  explicit PgInviteUpkeep(postgres::Pool& pool) : pool_(pool) {}

  absl::StatusOr<std::vector<Abandoned>> AbandonedReservations(int limit) override;
  absl::StatusOr<int64_t> EndLeases(int limit) override;
  absl::StatusOr<int64_t> MarkExpired(int limit) override;
  absl::StatusOr<int64_t> PurgeReservations(int limit) override;
  absl::StatusOr<int64_t> Purge(int limit) override;
  absl::StatusOr<int64_t> ForgetSends(int limit) override;
  absl::StatusOr<int64_t> ForgetAnswers(int limit) override;
  absl::StatusOr<Due> CountDue(int64_t limit) override;
  absl::StatusOr<int64_t> EraseAddress(absl::string_view address, int limit) override;
  absl::StatusOr<int64_t> CountAddress(absl::string_view address, int limit) override;

 private:
  absl::StatusOr<int64_t> Step(absl::string_view sql, const postgres::Params& params);

  postgres::Pool& pool_;
};

}  // namespace guestpass::invite
