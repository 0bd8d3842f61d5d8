// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "tests/bench/crowd.h"
#include "tests/bench/row.h"

namespace guestpass::bench {

// Pages of 50 members at any depth, four callers at once: of the big workspace, then of others. p99_ms: the
// slower of the two. INTERNAL where walking through the big workspace gives another number of members than it
// has.
absl::StatusOr<Figures> MeasureDeepLists(Crowd& crowd, absl::Duration time);

}  // namespace guestpass::bench
