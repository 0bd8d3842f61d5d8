// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/nats/bus.h"

struct __natsConnection;

namespace guestpass::nats {

struct ConnectionOptions {
  std::string url;         // nats://host:port; several with commas between them
  std::string name;        // what the server's monitoring shows
  std::string user;        // empty: none
  std::string password;    // of `user`
  std::string token_file;  // a file with a token in place of both, read at each connecting; empty: none
  absl::Duration ping_interval = absl::Seconds(1);  // two without an answer end a connection
};

// A connection to NATS that comes back by itself, for ever, every 100 ms. While it is away publishing fails:
// nothing is stored to be sent late. The log says when it is lost, with what to do, and when it is back.
// Thread-safe.
class Connection : public Bus {
 public:
  // Returns a connection, connected or not: a missing NATS slows a service down and stops none.
  // INVALID_ARGUMENT with a sentence for the operator where the options cannot be right (URL, token file).
  static absl::StatusOr<std::unique_ptr<Connection>> Connect(const ConnectionOptions& options);

  ~Connection() override;

  absl::Status Publish(absl::string_view subject, absl::string_view bytes) override;
  absl::StatusOr<std::unique_ptr<Subscription>> Subscribe(absl::string_view subject,
                                                          OnMessage on_message) override;
  absl::Status Flush(absl::Duration timeout) override;
  bool connected() const override;

  // Called, on a thread of the connection, each time that there is one again, or for the first time after
  // Connect returned without. Must not destroy the connection.
  void SetOnReconnect(std::function<void()> callback);

 private:
  struct Events;

  Connection(__natsConnection* connection, Events* events) : connection_(connection), events_(events) {}

  __natsConnection* const connection_;
  Events* const events_;  // the library's threads delete it, after the last event
};

}  // namespace guestpass::nats
