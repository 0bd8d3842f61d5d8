// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "absl/time/time.h"
#include "services/messaging_gateway/domain/message.h"

namespace guestpass::messaging {

using MessagePtr = std::shared_ptr<const Message>;

// The newest messages of one channel as one gateway has them, in order and without a hole, from whatever
// order they came in: what streams at the channel's end are served from, without asking the table. Older
// ones are read from the table. Bounded. Boot time. Not thread-safe.
class ChannelLog {
 public:
  // Says whether this gateway has taken in the rights that a message's author's gateway knew; only then is
  // the message shown, so that nobody receives what was written by who had already seen their removal.
  using Reached = std::function<bool(const RightsRevision&)>;

  // `head` is the channel's number in the table when following began.
  ChannelLog(uint64_t head, Reached reached) : head_(head), reached_(std::move(reached)) {}

  // Takes in a message; ones known already are ignored.
  void Offer(MessagePtr message, absl::Duration now);

  // The table's head, as read: a lost last message shows as a hole.
  void OfferHead(uint64_t head, absl::Duration now);

  // Shows what can be shown by now. True if the head moved.
  bool Advance(absl::Duration now);

  // Highest number shown; messages up to it can be delivered.
  uint64_t head() const { return head_; }

  // The message of that number where it is at hand; nothing: read the table, if number <= head().
  MessagePtr Find(uint64_t number) const;

  // Since when the message after head() is missing although a later one is known.
  std::optional<absl::Duration> hole_since() const { return hole_since_; }

 private:
  void UpdateHole(absl::Duration now);

  uint64_t head_;
  uint64_t known_head_ = 0;  // highest number heard of
  const Reached reached_;
  std::deque<MessagePtr> shown_;  // numbers up to head_, consecutive
  std::map<uint64_t, MessagePtr> waiting_;
  std::optional<absl::Duration> hole_since_;
};

}  // namespace guestpass::messaging
