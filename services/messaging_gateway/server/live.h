// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "common/rights_feed/feed.h"
#include "common/time/clock.h"
#include "services/messaging_gateway/server/channel_hubs.h"
#include "services/messaging_gateway/server/sessions.h"
#include "services/messaging_gateway/storage/message_store.h"

namespace guestpass::messaging {

// What is live on a gateway: the rights as cached, the channels and the streams, and the paths between them.
// Thread-safe. What is passed in outlives it.
class Live : private rights_feed::Observer {
 public:
  // `follow_messages` makes a shard's messages come in, through hubs.Offer, before it returns.
  Live(MessageStore& store, const Clock& clock, std::function<absl::Status(uint32_t shard)> follow_messages)
      : clock_(clock), feed(this), sessions(clock), hubs(store, feed, clock, std::move(follow_messages)) {}

  // Wakes streams whose time has come, and once a second ends idle ones. To be called every few
  // milliseconds, from one thread; does not block.
  void Tick() {
    const absl::Duration boot = clock_.Boot();
    if (const auto now = feed.clock().Latest(boot)) sessions.Wake(*now);
    if (boot - swept_ < absl::Seconds(1)) return;
    swept_ = boot;
    sessions.Sweep();
  }

  // Fills holes, and once a second reads heads. The same, from another thread: it waits for the table.
  void Repair() {
    hubs.FillHoles();
    const absl::Duration boot = clock_.Boot();
    if (boot - heads_read_ < absl::Seconds(1)) return;
    heads_read_ = boot;
    hubs.ReadHeads();
  }

 private:
  void OnChanged(uint32_t, const rights::Entry& entry) override { sessions.OnChanged(entry); }
  void OnProgress(uint32_t shard) override { hubs.OnProgress(shard); }

  const Clock& clock_;
  absl::Duration swept_;
  absl::Duration heads_read_;

 public:
  rights_feed::Feed feed;
  Sessions sessions;
  ChannelHubs hubs;
};

}  // namespace guestpass::messaging
