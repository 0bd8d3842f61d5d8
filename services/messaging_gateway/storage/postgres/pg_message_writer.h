// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "common/postgres/session.h"
#include "common/time/anchored_clock.h"
#include "common/time/clock.h"
#include "services/messaging_gateway/storage/message_store.h"

namespace guestpass::messaging {

// MessageWriter on PostgreSQL, over a connection of its own, made when first needed and made anew when it
// broke. A batch is one transaction in one round trip: one statement locks the channels' heads in order, the
// next, which sees what rivals committed meanwhile, drops duplicates, applies the fence, numbers and stores.
class PgMessageWriter : public MessageWriter {
 public:
  // `count` writers that share what they know of the database's clock.
  static std::vector<std::unique_ptr<MessageWriter>> Make(int count, const postgres::SessionOptions& options,
                                                          const Clock& clock);

  // `anchor` carries the messaging database's clock; each answer feeds it.
  PgMessageWriter(postgres::SessionOptions options, std::shared_ptr<AnchoredClock> anchor, const Clock& clock)
      : options_(std::move(options)), anchor_(std::move(anchor)), clock_(clock) {}

  absl::StatusOr<std::vector<Appended>> Append(const std::vector<NewMessage>& batch) override;

 private:
  absl::Status EnsureSession();
  absl::Status EnsureHeads(const std::vector<NewMessage>& batch);
  absl::Status SampleClock();
  absl::StatusOr<postgres::Result> Pipeline(const postgres::Params& channels, const postgres::Params& rows);
  absl::StatusOr<postgres::Result> ReadPipeline();

  const postgres::SessionOptions options_;
  const std::shared_ptr<AnchoredClock> anchor_;
  const Clock& clock_;
  std::unique_ptr<postgres::Session> session_;
  absl::flat_hash_set<ChannelId> with_head_;  // channels known to have a row in channel_heads
};

}  // namespace guestpass::messaging
