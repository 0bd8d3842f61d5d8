// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/bench/row.h"
#include "tests/harness/stack/stack.h"

namespace guestpass::bench {

// The stack that the following measure: no mail, and the limits that are the default.
absl::StatusOr<std::unique_ptr<harness::Stack>> StartForInvites();

// 16 callers who redeem one link without a limit of uses, each time as another user. redemptions_per_s,
// p99_ms.
absl::StatusOr<Figures> MeasureRedemptions(const harness::Stack& stack, absl::Duration time);

// 16 callers of one owner, each inviting addresses to one workspace after the other, as many to each as it
// may in an hour. per_s.
absl::StatusOr<Figures> MeasureCreations(const harness::Stack& stack, absl::Duration time);

// A sweep that drops `count` invites which ended long ago. rows_per_s.
absl::StatusOr<Figures> MeasureSweep(const harness::Stack& stack, int count);

}  // namespace guestpass::bench
