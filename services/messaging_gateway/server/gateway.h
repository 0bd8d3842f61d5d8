// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/rights_feed/follower.h"
#include "common/rpc/executor.h"
#include "common/rpc/rate.h"
#include "common/rpc/unary.h"
#include "common/time/clock.h"
#include "services/messaging_gateway/server/live.h"
#include "services/messaging_gateway/storage/message_store.h"
#include "services/messaging_gateway/storage/post_queue.h"

namespace guestpass::messaging {

// What all of a gateway's calls and streams share. Every part is thread-safe and outlives the streams.
struct Gateway {
  Live& live;
  rights_feed::Follower& rights;
  MessageStore& store;
  PostQueue& posts;
  rpc::Executor& executor;  // for what may block
  rpc::Runner& runner;      // who calls
  const Clock& clock;

  rpc::Rate& guest_rate;
};

}  // namespace guestpass::messaging
