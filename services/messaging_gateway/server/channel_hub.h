// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "services/messaging_gateway/domain/channel_log.h"

namespace guestpass::messaging {

// Somebody who follows channels.
class ChannelFollower {
 public:
  virtual ~ChannelFollower() = default;

  // There may be something new in the channel. Must not block.
  virtual void Pump(const ChannelId& channel) = 0;
};

// One channel as all of a gateway's streams share it. Thread-safe; calls followers with no lock held.
class ChannelHub {
 public:
  ChannelHub(ChannelId channel, uint32_t shard) : channel_(channel), shard_(shard) {}

  const ChannelId& channel() const { return channel_; }
  uint32_t shard() const { return shard_; }

  // Begins after the table's `head`; what was offered before counts. Once.
  void Begin(uint64_t head, ChannelLog::Reached reached, absl::Duration now);

  // Takes in messages, or the table's head, and tells followers if there is something new.
  void Offer(const std::vector<MessagePtr>& messages, absl::Duration now);
  void OfferHead(uint64_t head, absl::Duration now);

  // Looks again at what waited for rights, and tells followers whether or not there is something new: what
  // they wait for may have come about too.
  void Look(absl::Duration now);

  // What comes after `cursor`: a message, or `in_table` where it is no longer at hand, or neither at the end.
  struct Next {
    MessagePtr message;
    bool in_table = false;
  };
  Next After(uint64_t cursor) const;

  // The head, where the message after it has been missing for at least `age`.
  std::optional<uint64_t> Hole(absl::Duration age, absl::Duration now) const;

  void Add(std::weak_ptr<ChannelFollower> follower);

 private:
  bool TakeIn(const std::vector<MessagePtr>& messages, absl::Duration now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Tell();

  const ChannelId channel_;
  const uint32_t shard_;
  mutable absl::Mutex mutex_;
  std::optional<ChannelLog> log_ ABSL_GUARDED_BY(mutex_);
  std::vector<MessagePtr> early_ ABSL_GUARDED_BY(mutex_);  // offered before Begin
  std::vector<std::weak_ptr<ChannelFollower>> followers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace guestpass::messaging
