// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "common/nats/bus.h"
#include "common/rights_feed/signed_payload.h"
#include "services/messaging_gateway/domain/message.h"

namespace guestpass::messaging {

// Stored messages between gateways, by shard, signed, so that nobody else's count. Only speed: what is lost
// is read from the table. Thread-safe.
class FanOut {
 public:
  // `on_messages` is told what gateways stored, this one among them.
  FanOut(nats::Bus& bus, const rights_feed::Signer& signer,
         std::function<void(std::vector<Message>)> on_messages);
  ~FanOut();  // publishes what is queued

  // Follows a shard's messages from now on, for good.
  absl::Status Follow(uint32_t shard);

  // Tells this gateway by `on_messages`, and queues for the others what a thread of its own publishes. Waits
  // for nobody; what fails, or does not fit in the queue, is lost.
  void Send(std::vector<Message> messages);

  // Waits until what was sent is published.
  void Drain();

 private:
  void Run();
  void Publish(const std::vector<Message>& messages);
  void Receive(uint32_t shard, absl::string_view subject, absl::string_view bytes) const;

  nats::Bus& bus_;
  const rights_feed::Signer& signer_;
  const std::function<void(std::vector<Message>)> on_messages_;
  mutable std::atomic<bool> refused_{false};
  absl::Mutex mutex_;
  std::vector<Message> queue_ ABSL_GUARDED_BY(mutex_);
  bool publishing_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_map<uint32_t, std::unique_ptr<nats::Subscription>> followed_ ABSL_GUARDED_BY(mutex_);
  std::thread publisher_;  // last: it uses all of the above
};

}  // namespace guestpass::messaging
