// SPDX-License-Identifier: Apache-2.0
#include "common/time/clock.h"

#include <time.h>

#include "absl/time/clock.h"

namespace guestpass {
namespace {

class HostClock : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }

  absl::Duration Boot() const override {
    timespec time;
    clock_gettime(CLOCK_BOOTTIME, &time);
    return absl::DurationFromTimespec(time);
  }
};

}  // namespace

const Clock& SystemClock() {
  static const HostClock clock;
  return clock;
}

absl::Time SimulatedClock::Now() const {
  absl::MutexLock lock(&mutex_);
  return now_;
}

absl::Duration SimulatedClock::Boot() const {
  absl::MutexLock lock(&mutex_);
  return boot_;
}

void SimulatedClock::Advance(absl::Duration by) {
  absl::MutexLock lock(&mutex_);
  now_ += by;
  boot_ += by;
}

}  // namespace guestpass
