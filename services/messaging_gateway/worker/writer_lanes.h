// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/time/clock.h"
#include "services/messaging_gateway/storage/message_store.h"
#include "services/messaging_gateway/storage/post_queue.h"

namespace guestpass::messaging {

// The way of a post into storage: a lane for each channel (by hash, so that every gateway uses the same), one
// transaction in flight a lane, and the next batch gathering meanwhile. Few lanes with large batches store
// more than many with small ones. Thread-safe.
class WriterLanes : public PostQueue {
 public:
  // Told once after each batch, on the lane's thread, when every `done` has run: what was stored, in order.
  using OnStored = std::function<void(std::vector<Message>)>;

  // One lane for each writer.
  WriterLanes(std::vector<std::unique_ptr<MessageWriter>> writers, const Clock& clock, OnStored on_stored);

  // Stores what is queued, within Append's own time-outs, then ends.
  ~WriterLanes() override;

  // OVERLOADED where the channel's lane has 4,096 waiting.
  absl::Status Submit(Post post) override;

 private:
  struct Lane;

  void Run(Lane& lane);
  void Store(Lane& lane, std::vector<Post> batch);
  absl::StatusOr<std::vector<Appended>> AppendUntilKnown(Lane& lane, const std::vector<NewMessage>& batch);

  const Clock& clock_;
  const OnStored on_stored_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace guestpass::messaging
