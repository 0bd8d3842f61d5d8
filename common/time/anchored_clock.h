// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace guestpass {

// A database's clock, carried on by this host's boot time between the database's answers: what the database
// would say now, at the latest and at the earliest. Boot times are Clock::Boot()'s. Thread-safe; reading
// takes no lock.
class AnchoredClock {
 public:
  // A sample whose round trip took longer is not used.
  static constexpr absl::Duration kLongestRoundTrip = absl::Milliseconds(50);
  // The two clocks may drift apart by so many millionths.
  static constexpr int64_t kDriftPpm = 200;
  // A sample that is farther than this from what was expected counts as a step.
  static constexpr absl::Duration kStep = absl::Seconds(1);

  // Takes in that a request sent at `sent_boot` was answered at `received_boot` with `database_time`.
  // Returns whether the sample is used: not if its round trip was too long, nor if it was sent before the
  // one in use.
  bool Sample(absl::Duration sent_boot, absl::Duration received_boot, absl::Time database_time);

  // The latest that the database's clock can show at `boot`. Never less than what was returned before, even
  // if the database's clock was set back. Nothing before the first sample.
  std::optional<absl::Time> Latest(absl::Duration boot) const;

  // The earliest that the database's clock can show at `boot`, which may be in the future: the end of a
  // lease, carried into the database's clock. Nothing before the first sample.
  std::optional<absl::Time> Earliest(absl::Duration boot) const;

  // How many samples were steps.
  uint64_t steps() const { return steps_.load(std::memory_order_relaxed); }

 private:
  // Nanoseconds; one sample. An exact answer needs no drift at the sample itself.
  struct Anchor {
    int64_t time = 0;
    int64_t sent = 0;
    int64_t received = 0;
  };

  std::optional<Anchor> Load() const;
  void Store(const Anchor& anchor);

  absl::Mutex sampling_;
  std::atomic<uint64_t> version_{0};  // odd while an anchor is being written; 0: none yet
  std::atomic<int64_t> time_{0};
  std::atomic<int64_t> sent_{0};
  std::atomic<int64_t> received_{0};
  std::atomic<uint64_t> steps_{0};
  mutable std::atomic<int64_t> latest_given_{INT64_MIN};
};

}  // namespace guestpass
