// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <csignal>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace guestpass::harness {

struct ProcessOptions {
  std::vector<std::string> args;           // args[0] is the program: a path, or a name to find in PATH
  std::map<std::string, std::string> env;  // besides this process's own
  std::string output;                      // file that stdout and stderr are appended to; "": ours
  std::string directory;                   // where it starts; "": here, or / if unprivileged
  bool unprivileged = false;               // as UnprivilegedUser(), if this process is root
  int death_signal = SIGKILL;              // what it gets if this process dies
};

// A child process in a process group of its own, so that Ctrl-C reaches only who started it. It dies with the
// *thread* that started it: start from one that lives as long as the child shall. For one thread at a time.
class Process {
 public:
  // INTERNAL with the system's reason if it cannot be started.
  static absl::StatusOr<Process> Start(const ProcessOptions& options);

  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process();  // kills it, if it still runs

  pid_t pid() const { return pid_; }
  bool Running();

  // Sends a signal to the process; nothing if it has ended.
  void Signal(int signal);

  // Waits until it ends. Its exit status, 128 + N if signal N ended it, or nothing when `timeout` has passed.
  std::optional<int> Wait(absl::Duration timeout);

  // `signal`, then SIGKILL if it still runs after `grace`. Its status, as Wait has it.
  int Stop(int signal = SIGTERM, absl::Duration grace = absl::Seconds(10));

 private:
  explicit Process(pid_t pid) : pid_(pid) {}

  pid_t pid_ = 0;              // 0: none
  std::optional<int> status_;  // once it has ended and was reaped
};

// Runs a program to its end. INTERNAL, with the end of its output, unless it exits with 0.
absl::Status RunProgram(ProcessOptions options, absl::Duration timeout);

}  // namespace guestpass::harness
