// SPDX-License-Identifier: Apache-2.0
#include "services/messaging_gateway/domain/channel_log.h"

#include <algorithm>
#include <utility>

namespace guestpass::messaging {
namespace {

constexpr size_t kShown = 256;
constexpr size_t kWaiting = 64;

}  // namespace

void ChannelLog::Offer(MessagePtr message, absl::Duration now) {
  const uint64_t number = message->number;
  known_head_ = std::max(known_head_, number);
  if (number > head_) {
    waiting_.emplace(number, std::move(message));
    // The highest go first: what is lost with them is read from the table in its turn.
    if (waiting_.size() > kWaiting) waiting_.erase(std::prev(waiting_.end()));
  }
  UpdateHole(now);
}

void ChannelLog::OfferHead(uint64_t head, absl::Duration now) {
  known_head_ = std::max(known_head_, head);
  UpdateHole(now);
}

bool ChannelLog::Advance(absl::Duration now) {
  bool moved = false;
  for (auto next = waiting_.begin(); next != waiting_.end() && next->first == head_ + 1;) {
    if (!reached_(next->second->revision)) break;
    shown_.push_back(std::move(next->second));
    if (shown_.size() > kShown) shown_.pop_front();
    ++head_;
    next = waiting_.erase(next);
    moved = true;
  }
  UpdateHole(now);
  return moved;
}

MessagePtr ChannelLog::Find(uint64_t number) const {
  if (shown_.empty() || number < shown_.front()->number || number > head_) return nullptr;
  return shown_[number - shown_.front()->number];
}

void ChannelLog::UpdateHole(absl::Duration now) {
  const bool next_is_here = !waiting_.empty() && waiting_.begin()->first == head_ + 1;
  if (known_head_ <= head_ || next_is_here) {
    hole_since_.reset();
  } else if (!hole_since_.has_value()) {
    hole_since_ = now;
  }
}

}  // namespace guestpass::messaging
