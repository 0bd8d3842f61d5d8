// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/nats/bus.h"

namespace guestpass::nats {

// A bus for tests, which decide what becomes of each message. By default it delivers at once, in order, on
// the publishing thread; held, it keeps what is published until the test delivers, drops, reorders, repeats
// or alters it. Thread-safe.
class SimulatedBus : public Bus {
 public:
  struct Message {
    std::string subject;
    std::string bytes;
  };

  absl::Status Publish(absl::string_view subject, absl::string_view bytes) override;
  absl::StatusOr<std::unique_ptr<Subscription>> Subscribe(absl::string_view subject,
                                                          OnMessage on_message) override;
  absl::Status Flush(absl::Duration timeout) override;
  bool connected() const override;

  // From now on messages wait for TakeHeld.
  void Hold(bool hold);

  // What was held, in the order of publishing; from now on the caller's.
  std::vector<Message> TakeHeld();

  // Delivers a message, published or forged, to whoever subscribes to its subject.
  void Deliver(const Message& message);

  // Disconnected, publishing and flushing fail.
  void SetConnected(bool connected);

 private:
  mutable absl::Mutex mutex_;
  bool hold_ ABSL_GUARDED_BY(mutex_) = false;
  bool connected_ ABSL_GUARDED_BY(mutex_) = true;
  std::vector<Message> held_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::pair<std::string, std::shared_ptr<Receiver>>> receivers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace guestpass::nats
