// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace guestpass {

// What time this host has. Decides nothing by itself: guests' times are judged by a database's clock, which
// an AnchoredClock carries forward by boot time. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  // The wall clock: for logs and for tokens' `exp`.
  virtual absl::Time Now() const = 0;

  // Time since the host booted, suspension included; never goes back and is never set.
  virtual absl::Duration Boot() const = 0;
};

// This host's clocks.
const Clock& SystemClock();

// A clock that stands still until it is moved; for tests.
class SimulatedClock : public Clock {
 public:
  explicit SimulatedClock(absl::Time now = absl::FromUnixSeconds(1'800'000'000),
                          absl::Duration boot = absl::Hours(1))
      : now_(now), boot_(boot) {}

  absl::Time Now() const override;
  absl::Duration Boot() const override;

  // Moves both clocks on.
  void Advance(absl::Duration by);

 private:
  mutable absl::Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
  absl::Duration boot_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace guestpass
