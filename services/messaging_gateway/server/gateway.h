// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "absl/synchronization/mutex.h"
#include "common/rights_feed/feed.h"
#include "common/rights_feed/follower.h"
#include "common/rpc/executor.h"
#include "common/rpc/unary.h"
#include "common/time/clock.h"
#include "services/messaging_gateway/domain/post_rate.h"
#include "services/messaging_gateway/server/channel_hubs.h"
#include "services/messaging_gateway/server/sessions.h"
#include "services/messaging_gateway/storage/message_store.h"
#include "services/messaging_gateway/storage/post_queue.h"

namespace guestpass::messaging {

// What all of a gateway's calls and streams share. Every part is thread-safe and outlives the streams.
struct Gateway {
  rights_feed::Feed& feed;
  rights_feed::Follower& rights;
  MessageStore& store;
  PostQueue& posts;
  ChannelHubs& hubs;
  Sessions& sessions;
  rpc::Executor& executor;  // for what may block
  rpc::Runner& runner;      // who calls
  const Clock& clock;

  // How often guests post.
  struct Rate {
    explicit Rate(int limit) : posts(limit) {}
    absl::Mutex mutex;
    PostRate posts ABSL_GUARDED_BY(mutex);
  };
  Rate& guest_rate;
};

}  // namespace guestpass::messaging
