// SPDX-License-Identifier: Apache-2.0
#include "services/messaging_gateway/domain/post_rate.h"

#include <algorithm>

namespace guestpass::messaging {
namespace {

constexpr absl::Duration kWindow = absl::Minutes(1);

}  // namespace

std::optional<absl::Duration> PostRate::Take(const WorkspaceId& workspace, const UserId& user,
                                             absl::Duration now) {
  absl::MutexLock lock(&mutex_);
  Sweep(now);
  std::deque<absl::Duration>& posts = posts_[{workspace, user}];
  while (!posts.empty() && posts.front() + kWindow <= now) posts.pop_front();
  if (posts.size() >= static_cast<size_t>(limit_)) return posts.front() + kWindow - now;
  posts.push_back(now);
  return std::nullopt;
}

void PostRate::Sweep(absl::Duration now) {
  if (posts_.size() < sweep_at_) return;
  absl::erase_if(posts_, [&](const auto& entry) {
    return entry.second.empty() || entry.second.back() + kWindow <= now;
  });
  sweep_at_ = std::max(kSweepAt, 2 * posts_.size());
}

}  // namespace guestpass::messaging
