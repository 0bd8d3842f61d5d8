// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "tests/bench/row.h"
#include "tests/harness/stack/stack.h"

namespace guestpass::bench {

// `count` guests of one workspace whose time ends at one instant: how much later each end is recorded, by the
// database's clock. p99_late_ms and max_late_ms. The guests are put into membership's table as they stand
// there: the bench is of the clock, not of joining.
absl::StatusOr<Figures> MeasureExpiries(const harness::Stack& stack, int count);

}  // namespace guestpass::bench
