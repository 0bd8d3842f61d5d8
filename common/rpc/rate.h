// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace guestpass::rpc {

// How often something is done in this process: at most `limit` times in any minute for each key, a user's id
// say. Boot time. Thread-safe; forgets keys that are silent.
class Rate {
 public:
  static constexpr size_t kSweepAt = 10'000;  // keys

  explicit Rate(int limit) : limit_(limit) {}

  // Counts one at `now` and returns nothing, or does not count it and returns how long to wait.
  std::optional<absl::Duration> Take(absl::string_view key, absl::Duration now);

 private:
  void Sweep(absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int limit_;
  absl::Mutex mutex_;
  size_t sweep_at_ ABSL_GUARDED_BY(mutex_) = kSweepAt;
  absl::flat_hash_map<std::string, std::deque<absl::Duration>> taken_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace guestpass::rpc
