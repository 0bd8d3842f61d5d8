// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/rights/ids.h"

namespace guestpass::messaging {

// How often guests post, on this gateway: at most `limit` posts in any minute for each user and workspace.
// Boot time. Thread-safe.
class PostRate {
 public:
  static constexpr size_t kSweepAt = 10'000;

  explicit PostRate(int limit) : limit_(limit) {}

  // Counts a post at `now` and returns nothing, or does not count it and returns how long to wait.
  std::optional<absl::Duration> Take(const WorkspaceId& workspace, const UserId& user, absl::Duration now);

 private:
  // Forgets who has not posted for a minute, once there are many.
  void Sweep(absl::Duration now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int limit_;
  absl::Mutex mutex_;
  size_t sweep_at_ ABSL_GUARDED_BY(mutex_) = kSweepAt;
  absl::flat_hash_map<std::pair<WorkspaceId, UserId>, std::deque<absl::Duration>> posts_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace guestpass::messaging
