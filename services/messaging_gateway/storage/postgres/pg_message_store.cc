// SPDX-License-Identifier: Apache-2.0
#include "services/messaging_gateway/storage/postgres/pg_message_store.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/status/macros.h"

namespace guestpass::messaging {
namespace {

constexpr char kList[] = R"sql(
  SELECT workspace, number, actor, client_message_id, body, create_us, rights_epoch, rights_shard, rights_n
  FROM events WHERE channel = $1 AND number > $2 ORDER BY number LIMIT $3
)sql";

constexpr char kHeads[] = R"sql(
  SELECT channel, number FROM channel_heads WHERE channel = ANY ($1::text[])
)sql";

// No number is beyond what the column holds.
int64_t Bigint(uint64_t number) {
  return static_cast<int64_t>(std::min<uint64_t>(number, std::numeric_limits<int64_t>::max()));
}

Message ReadMessage(const postgres::Result& result, int row, const ChannelId& channel) {
  return {.workspace = result.As<WorkspaceId>(row, 0),
          .channel = channel,
          .number = static_cast<uint64_t>(result.Int64(row, 1)),
          .author = result.As<UserId>(row, 2),
          .client_message_id = std::string(result.Text(row, 3)),
          .text = std::string(result.Text(row, 4)),
          .create_time = result.Time(row, 5),
          .revision = {.epoch = std::string(result.Text(row, 6)),
                       .shard = static_cast<uint32_t>(result.Int64(row, 7)),
                       .n = static_cast<uint64_t>(result.Int64(row, 8))}};
}

}  // namespace

absl::StatusOr<std::vector<Message>> PgMessageStore::List(const ChannelId& channel, uint64_t after,
                                                          int limit) {
  ASSIGN_OR_RETURN(postgres::Lease session, pool_.Acquire());
  ASSIGN_OR_RETURN(const postgres::Result result,
                   session->Run(kList, postgres::Params::Of(channel, Bigint(after), limit)));
  std::vector<Message> messages;
  messages.reserve(result.rows());
  for (int row = 0; row < result.rows(); ++row) messages.push_back(ReadMessage(result, row, channel));
  return messages;
}

absl::StatusOr<absl::flat_hash_map<ChannelId, uint64_t>> PgMessageStore::Heads(
    const std::vector<ChannelId>& channels) {
  ASSIGN_OR_RETURN(postgres::Lease session, pool_.Acquire());
  ASSIGN_OR_RETURN(const postgres::Result result, session->Run(kHeads, postgres::Params::Of(channels)));
  absl::flat_hash_map<ChannelId, uint64_t> heads;
  for (const ChannelId& channel : channels) heads[channel] = 0;
  for (int row = 0; row < result.rows(); ++row) {
    heads[result.As<ChannelId>(row, 0)] = static_cast<uint64_t>(result.Int64(row, 1));
  }
  return heads;
}

}  // namespace guestpass::messaging
