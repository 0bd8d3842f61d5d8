// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "common/postgres/pool.h"
#include "services/membership/storage/access_reader.h"

namespace guestpass::membership {

// An AccessReader on PostgreSQL: one statement, committed by itself, for as many queries as there are.
class PgAccessReader : public AccessReader {
 public:
  // `pool` outlives this. One of its own keeps checks from waiting behind changes.
  explicit PgAccessReader(postgres::Pool& pool) : pool_(pool) {}

  absl::StatusOr<AccessRead> ReadAccess(const std::vector<AccessQuery>& queries) override;

 private:
  postgres::Pool& pool_;
};

}  // namespace guestpass::membership
