// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

// The bus between processes: fast, and allowed to lose, delay, reorder and repeat. Nothing may be true only
// because a message arrived.
namespace guestpass::nats {

// Told of each message of a subscription, on one thread, one message at a time. May block, but what piles up
// meanwhile is lost at last. Must not destroy its own subscription.
using OnMessage = std::function<void(absl::string_view subject, absl::string_view bytes)>;

// The gate between a bus and one subscriber's function. Thread-safe.
class Receiver {
 public:
  explicit Receiver(OnMessage on_message) : on_message_(std::move(on_message)) {}

  void Deliver(absl::string_view subject, absl::string_view bytes);

  // Waits for a Deliver that runs; later ones do nothing.
  void Close();

 private:
  absl::Mutex mutex_;
  OnMessage on_message_ ABSL_GUARDED_BY(mutex_);
};

// Ends a subscription when destroyed: after that its function neither runs nor will run. May outlive the bus.
class Subscription {
 public:
  explicit Subscription(std::shared_ptr<Receiver> receiver) : receiver_(std::move(receiver)) {}
  ~Subscription() { receiver_->Close(); }
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

 private:
  std::shared_ptr<Receiver> receiver_;
};

// Publishes and subscribes. Thread-safe.
class Bus {
 public:
  virtual ~Bus() = default;

  // Hands a message to the bus, without waiting for anybody. SERVICE_UNAVAILABLE if there is no connection:
  // then the message is lost, and is not sent later.
  virtual absl::Status Publish(absl::string_view subject, absl::string_view bytes) = 0;

  // Calls `on_message` for what is published on `subject` (`a.b.3`, `a.b.>`, `a.*.3`) from about now on;
  // once Flush has returned OK, for all that is published then. Keep few, and keep them long. Works without
  // a connection too: it then begins when there is one. INTERNAL for a malformed subject.
  virtual absl::StatusOr<std::unique_ptr<Subscription>> Subscribe(absl::string_view subject,
                                                                  OnMessage on_message) = 0;

  // Waits until the server has taken in what was published and subscribed so far. SERVICE_UNAVAILABLE if
  // that did not come about within `timeout`.
  virtual absl::Status Flush(absl::Duration timeout) = 0;

  // Whether there is a connection at this moment.
  virtual bool connected() const = 0;
};

}  // namespace guestpass::nats
