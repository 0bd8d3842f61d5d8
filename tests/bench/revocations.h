// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "tests/bench/row.h"
#include "tests/harness/stack/stack.h"

namespace guestpass::bench {

// `count` times: a guest's time is ended now, and its open stream is told. p50_ms and p99_ms from the
// change's record_time (the database's clock, which on one machine is the host's) to the notice at the
// client.
absl::StatusOr<Figures> MeasureRevocations(const harness::Stack& stack, int count);

}  // namespace guestpass::bench
