// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/messaging_gateway/domain/message.h"

namespace guestpass::messaging {

// The messages of all channels, and their order. Thread-safe; every method blocks.
class MessageStore {
 public:
  virtual ~MessageStore() = default;

  // Messages of `channel` with numbers after `after`, in order, `limit` at most. DATABASE_UNAVAILABLE,
  // OVERLOADED.
  virtual absl::StatusOr<std::vector<Message>> List(const ChannelId& channel, uint64_t after, int limit) = 0;

  // The highest number of each channel; 0 for one without messages. DATABASE_UNAVAILABLE, OVERLOADED.
  virtual absl::StatusOr<absl::flat_hash_map<ChannelId, uint64_t>> Heads(
      const std::vector<ChannelId>& channels) = 0;
};

// One lane's way to store messages. For one thread.
class MessageWriter {
 public:
  virtual ~MessageWriter() = default;

  // Stores `batch` durably, each message by itself: with the next number of its channel and the instant at
  // which it is numbered, unless it is a duplicate or that instant is at or beyond its expire_time or its
  // lease's end. Outcomes are in the batch's order. Batches of several writers that touch the same channels
  // are numbered one after the other.
  //
  // An error means that nothing of the batch was stored (DATABASE_UNAVAILABLE, OVERLOADED), or, with
  // OUTCOME_UNKNOWN, that all or nothing of it was. Appending the same batch again finds out: what was
  // stored then is a duplicate.
  virtual absl::StatusOr<std::vector<Appended>> Append(const std::vector<NewMessage>& batch) = 0;
};

}  // namespace guestpass::messaging
