// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/harness/servers/process.h"

namespace guestpass::harness {

struct NatsOptions {
  std::string directory;          // for its files; "": a temporary one, removed at the end
  std::vector<std::string> args;  // more, as {"--config", "permissions.conf"}
};

// A nats-server of one's own on a free port of 127.0.0.1. Runs as an unprivileged user and dies with the
// thread that started it. For one thread at a time.
class PrivateNats {
 public:
  // INTERNAL with the end of its log.
  static absl::StatusOr<std::unique_ptr<PrivateNats>> Start(NatsOptions options = {});

  ~PrivateNats();  // stops it

  std::string url() const;  // "nats://127.0.0.1:…"
  int port() const { return port_; }
  std::string log() const { return directory_ + "/nats.log"; }
  pid_t pid() const { return server_->pid(); }

  // Ends it at once; nothing if it does not run.
  void Stop();

  // Starts it again at the same port.
  absl::Status Restart();

 private:
  explicit PrivateNats(NatsOptions options) : options_(std::move(options)) {}

  absl::Status AwaitReady();

  NatsOptions options_;
  std::string directory_;
  int port_ = 0;
  std::optional<Process> server_;
};

}  // namespace guestpass::harness
