// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/rights_feed/feed.h"
#include "common/time/clock.h"
#include "services/messaging_gateway/server/channel_hub.h"
#include "services/messaging_gateway/storage/message_store.h"

namespace guestpass::messaging {

// The channels that this gateway's streams follow, each for as long as a stream holds it. Thread-safe.
class ChannelHubs {
 public:
  // `follow` makes the shard's messages come in (through Offer) before it returns.
  ChannelHubs(MessageStore& store, rights_feed::Feed& feed, const Clock& clock,
              std::function<absl::Status(uint32_t shard)> follow);

  struct Opened {
    std::shared_ptr<ChannelHub> hub;
    uint64_t head = 0;  // the table's, read by this call
  };

  // The hub of a channel, begun at the table's head. Blocks. DATABASE_UNAVAILABLE, OVERLOADED.
  absl::StatusOr<Opened> Open(const ChannelId& channel, uint32_t shard);

  // Takes in what was stored, here or elsewhere; messages of channels that nobody follows are dropped.
  void Offer(std::vector<Message> messages);

  // The shard's rights made progress: what waited for it is looked at again.
  void OnProgress(uint32_t shard);

  // Fills holes older than 20 ms from the table, once for all streams of the channel. Blocks.
  void FillHoles();

  // Reads the table's heads of all channels followed, so that a lost last message is late by a second at
  // most, and lets streams try again what they could not deliver. Blocks.
  void ReadHeads();

 private:
  using Hubs = absl::flat_hash_map<ChannelId, std::weak_ptr<ChannelHub>>;

  std::vector<std::shared_ptr<ChannelHub>> Followed();
  std::vector<std::shared_ptr<ChannelHub>> FollowedOf(uint32_t shard);

  MessageStore& store_;
  rights_feed::Feed& feed_;
  const Clock& clock_;
  const std::function<absl::Status(uint32_t shard)> follow_;
  absl::Mutex mutex_;
  absl::flat_hash_map<uint32_t, Hubs> hubs_ ABSL_GUARDED_BY(mutex_);  // by shard
};

}  // namespace guestpass::messaging
