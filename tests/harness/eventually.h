// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/functional/function_ref.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace guestpass::harness {

// Whether `holds` comes to hold within `timeout`; asks every 10 ms.
inline bool Eventually(absl::Duration timeout, absl::FunctionRef<bool()> holds) {
  const absl::Time deadline = absl::Now() + timeout;
  while (!holds()) {
    if (absl::Now() > deadline) return false;
    absl::SleepFor(absl::Milliseconds(10));
  }
  return true;
}

}  // namespace guestpass::harness
