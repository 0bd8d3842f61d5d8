// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "tests/bench/crowd.h"
#include "tests/bench/row.h"

namespace guestpass::bench {

// 16 callers of CheckAccess, a service's, each about anybody in any channel of theirs. per_s, p50_ms, p99_ms.
absl::StatusOr<Figures> MeasureChecks(Crowd& crowd, absl::Duration time);

// The same with ghz, a load generator that is not ours, at the path in GUESTPASS_GHZ: its own account of it.
// FAILED_PRECONDITION without one.
absl::StatusOr<Figures> MeasureChecksByGhz(Crowd& crowd, absl::Duration time);

}  // namespace guestpass::bench
