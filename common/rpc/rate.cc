// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/rate.h"

#include <algorithm>

namespace guestpass::rpc {
namespace {

constexpr absl::Duration kWindow = absl::Minutes(1);

}  // namespace

std::optional<absl::Duration> Rate::Take(absl::string_view key, absl::Duration now) {
  absl::MutexLock lock(&mutex_);
  Sweep(now);
  std::deque<absl::Duration>& taken = taken_[key];
  while (!taken.empty() && taken.front() + kWindow <= now) taken.pop_front();
  if (taken.size() >= static_cast<size_t>(limit_)) return taken.front() + kWindow - now;
  taken.push_back(now);
  return std::nullopt;
}

void Rate::Sweep(absl::Duration now) {
  if (taken_.size() < sweep_at_) return;
  absl::erase_if(taken_, [&](const auto& entry) {
    return entry.second.empty() || entry.second.back() + kWindow <= now;
  });
  sweep_at_ = std::max(kSweepAt, 2 * taken_.size());
}

}  // namespace guestpass::rpc
