// SPDX-License-Identifier: Apache-2.0
#include "services/messaging_gateway/server/channel_hub.h"

#include <algorithm>
#include <utility>

namespace guestpass::messaging {

void ChannelHub::Begin(uint64_t head, ChannelLog::Reached reached, absl::Duration now) {
  absl::MutexLock lock(&mutex_);
  if (log_.has_value()) return;
  log_.emplace(head, std::move(reached));
  TakeIn(early_, now);
  early_.clear();
}

void ChannelHub::Offer(const std::vector<MessagePtr>& messages, absl::Duration now) {
  {
    absl::MutexLock lock(&mutex_);
    if (!log_.has_value()) {
      early_.insert(early_.end(), messages.begin(), messages.end());
      return;
    }
    if (!TakeIn(messages, now)) return;
  }
  Tell();
}

// Each is shown before the next is offered: what waits is bounded, and a batch may be larger.
bool ChannelHub::TakeIn(const std::vector<MessagePtr>& messages, absl::Duration now) {
  bool moved = false;
  for (const MessagePtr& message : messages) {
    log_->Offer(message, now);
    moved |= log_->Advance(now);
  }
  return moved;
}

void ChannelHub::OfferHead(uint64_t head, absl::Duration now) {
  absl::MutexLock lock(&mutex_);
  if (log_.has_value()) log_->OfferHead(head, now);
}

void ChannelHub::Look(absl::Duration now) {
  {
    absl::MutexLock lock(&mutex_);
    if (!log_.has_value()) return;
    log_->Advance(now);
  }
  Tell();
}

ChannelHub::Next ChannelHub::After(uint64_t cursor) const {
  absl::MutexLock lock(&mutex_);
  if (!log_.has_value() || cursor >= log_->head()) return {};
  MessagePtr message = log_->Find(cursor + 1);
  const bool in_table = message == nullptr;
  return {.message = std::move(message), .in_table = in_table};
}

std::optional<uint64_t> ChannelHub::Hole(absl::Duration age, absl::Duration now) const {
  absl::MutexLock lock(&mutex_);
  if (!log_.has_value() || !log_->hole_since().has_value()) return std::nullopt;
  if (now - *log_->hole_since() < age) return std::nullopt;
  return log_->head();
}

void ChannelHub::Add(std::weak_ptr<ChannelFollower> follower) {
  absl::MutexLock lock(&mutex_);
  const auto gone = [](const std::weak_ptr<ChannelFollower>& other) { return other.expired(); };
  followers_.erase(std::remove_if(followers_.begin(), followers_.end(), gone), followers_.end());
  followers_.push_back(std::move(follower));
}

void ChannelHub::Tell() {
  std::vector<std::weak_ptr<ChannelFollower>> followers;
  {
    absl::MutexLock lock(&mutex_);
    followers = followers_;
  }
  for (const std::weak_ptr<ChannelFollower>& weak : followers) {
    if (const std::shared_ptr<ChannelFollower> follower = weak.lock()) follower->Pump(channel_);
  }
}

}  // namespace guestpass::messaging
