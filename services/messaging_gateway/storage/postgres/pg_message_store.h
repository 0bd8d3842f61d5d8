// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "common/postgres/pool.h"
#include "services/messaging_gateway/storage/message_store.h"

namespace guestpass::messaging {

// MessageStore on PostgreSQL. Errors as there.
class PgMessageStore : public MessageStore {
 public:
  explicit PgMessageStore(postgres::PoolOptions options) : pool_(std::move(options)) {}

  absl::StatusOr<std::vector<Message>> List(const ChannelId& channel, uint64_t after, int limit) override;
  absl::StatusOr<absl::flat_hash_map<ChannelId, uint64_t>> Heads(
      const std::vector<ChannelId>& channels) override;

 private:
  postgres::Pool pool_;
};

}  // namespace guestpass::messaging
