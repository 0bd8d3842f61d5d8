// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"

namespace guestpass::rpc {

// Where and within what limits a server serves.
struct ServerOptions {
  std::string listen;               // "127.0.0.1:0": host and port, 0 for a free one
  int max_message_bytes = 4 << 20;  // a larger request is refused by gRPC itself, as is a compressed one
  absl::Duration drain = absl::Seconds(10);  // what calls and streams get to end by themselves
};

// A gRPC server with health (one status a service), reflection and the limits that keep one client from
// starving the others. Thread-safe.
class Server {
 public:
  // Listening and serving, health NOT_SERVING until SetServing. An error's message is a sentence for people.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options,
                                                       const std::vector<grpc::Service*>& services,
                                                       std::vector<std::string> names);
  ~Server();

  int port() const { return port_; }

  // What health answers for each service and for the server as a whole ("").
  void SetServing(bool serving);

  // Health NOT_SERVING, then `goodbye` (streams are told), then no new calls; what still runs at the end of
  // the drain time is cancelled. Returns when nothing runs any more.
  void Drain(const std::function<void()>& goodbye);

 private:
  Server() = default;

  absl::Duration drain_;
  std::vector<std::string> names_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

// Keeps SIGTERM and SIGINT from ending the process: to be called first in main, before any thread begins.
void BlockTerminationSignals();

// Waits for SIGTERM or SIGINT.
void WaitForTerminationSignal();

}  // namespace guestpass::rpc
