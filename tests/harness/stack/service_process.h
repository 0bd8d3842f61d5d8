// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tests/harness/servers/process.h"

namespace guestpass::harness {

struct ServiceOptions {
  std::string name;     // "messaging-gateway-2"
  std::string program;  // path of the binary
  std::map<std::string, std::string> env;
  std::string log;  // file that its output is appended to
};

// One service as a process, at one port for all its life. For one thread at a time; it dies with the thread
// that starts it.
class ServiceProcess {
 public:
  // Finds it a free port; starts nothing yet.
  static absl::StatusOr<std::unique_ptr<ServiceProcess>> Create(ServiceOptions options);

  const std::string& name() const { return options_.name; }
  const std::string& log() const { return options_.log; }
  const std::string& program() const { return options_.program; }
  const std::map<std::string, std::string>& settings() const { return options_.env; }  // its environment
  std::string address() const;                                                         // "127.0.0.1:4711"

  // `PROGRAM migrate up` with the service's settings. INTERNAL with the end of its output.
  absl::Status Migrate();

  // Starts it. INTERNAL if the program cannot be started.
  absl::Status Launch();

  // Waits until its health is SERVING. INTERNAL with the end of its log if it ends, or does not serve in
  // time.
  absl::Status AwaitServing(absl::Duration timeout = absl::Seconds(30));

  // Both, after Stop or Kill.
  absl::Status Restart();

  bool Running() { return process_.has_value() && process_->Running(); }

  void Kill();                                         // as kill -9
  void Freeze();                                       // SIGSTOP, until Thaw
  void Thaw();                                         // SIGCONT
  int Stop(absl::Duration grace = absl::Seconds(15));  // SIGTERM; the exit status, as Process::Wait has it
  void Signal(int signal);                             // any other
  std::optional<int> WaitForExit(absl::Duration timeout);  // as Process::Wait

 private:
  explicit ServiceProcess(ServiceOptions options) : options_(std::move(options)) {}

  ServiceOptions options_;
  int port_ = 0;
  std::optional<Process> process_;
};

// Where this installation's service binary "membership" is: below $GUESTPASS_BIN, or beside this program in
// bazel-bin. NOT_FOUND with a sentence.
absl::StatusOr<std::string> FindServiceProgram(absl::string_view service);

}  // namespace guestpass::harness
