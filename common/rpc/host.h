// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/auth/key_set.h"
#include "common/auth/token_verifier.h"
#include "common/config/settings.h"
#include "common/rpc/executor.h"
#include "common/rpc/server.h"
#include "common/rpc/unary.h"

namespace guestpass::rpc {

// The settings that every service has.
struct HostOptions {
  ServerOptions server;
  std::string key_set_file;
  std::string token_issuer;
  std::string token_audience;
  int threads = 0;
  std::vector<std::string> user_services;
};

// Reads them, and sets the log's level.
HostOptions ReadHostOptions(config::Settings& settings);

// What every service's process is made of: who calls, where calls run, and the server, from start to drain.
class Host {
 public:
  // An error's message is a sentence for who starts the service.
  static absl::StatusOr<std::unique_ptr<Host>> Create(const HostOptions& options);

  Runner& runner() { return runner_; }
  Executor& executor() { return executor_; }

  // Serves until SIGTERM or SIGINT and drains: `goodbye` tells streams, then calls end. `ready` is called
  // until it is OK; only then health says SERVING. An error's message is a sentence for people.
  absl::Status Serve(const std::vector<grpc::Service*>& services, std::vector<std::string> names,
                     const std::function<absl::Status()>& ready = nullptr,
                     const std::function<void()>& goodbye = nullptr);

 private:
  Host(const HostOptions& options, std::unique_ptr<auth::KeySetSource> keys);

  const HostOptions options_;
  const std::unique_ptr<auth::KeySetSource> keys_;
  auth::TokenVerifier verifier_;
  Executor executor_;
  Runner runner_;
};

// A service's main: reads the settings, prints help where it was asked for, runs `command` where the command
// line begins with words ("migrate up"), else `serve`. Whatever goes wrong is printed as a sentence. Returns
// the process's exit code: 0, or 2.
int RunMain(const std::string& program, int argc, char** argv,
            const std::function<void(config::Settings&)>& read, const std::function<absl::Status()>& serve,
            const std::function<absl::Status(const std::vector<std::string>&)>& command);

// The same for a service that reads its settings into a Config. Without `command` there are no commands.
template <typename Config>
int Main(const std::string& program, int argc, char** argv, Config (*read)(config::Settings&),
         absl::Status (*serve)(const Config&),
         absl::Status (*command)(const Config&, const std::vector<std::string>&) = nullptr) {
  Config config;
  std::function<absl::Status(const std::vector<std::string>&)> run;
  if (command != nullptr) run = [&](const std::vector<std::string>& words) { return command(config, words); };
  return RunMain(
      program, argc, argv, [&](config::Settings& settings) { config = read(settings); },
      [&] { return serve(config); }, run);
}

}  // namespace guestpass::rpc
