// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "tests/bench/crowd.h"
#include "tests/bench/row.h"

namespace guestpass::bench {

// The time of every guest outside the big workspace ends, in all shards; guest-expiry's calls record it, one
// after another. rows_per_s.
absl::StatusOr<Figures> MeasureDue(Crowd& crowd);

// The same where everybody in the big workspace is a guest, and nobody else's time ends. Meanwhile one caller
// changes members of another workspace of the same shard. rows_per_s, and change_p99_ms of that caller.
absl::StatusOr<Figures> MeasureStorm(Crowd& crowd);

}  // namespace guestpass::bench
