// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/config/settings.h"
#include "common/status/macros.h"
#include "tests/harness/servers/places.h"
#include "tests/harness/stack/banner.h"
#include "tests/harness/stack/data_directory.h"
#include "tests/harness/stack/stack.h"

// A stack that stays: `up` starts one in a session of its own, `down` ends it.
namespace guestpass::harness {
namespace {

constexpr char kUsage[] =
    "stack_main up starts PostgreSQL, nats-server and the services in a data directory, and leaves them\n"
    "running; stack_main down stops them.\n\n";
constexpr char kOwnGrpcurl[] = ".guestpass/tools/grpcurl";
constexpr absl::Duration kStopTimeout = absl::Seconds(90);

struct Command {
  std::string verb;
  std::string data_dir;
  bool data_dir_flag;  // whether the other commands need it as a flag too
};

void Say(absl::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

std::string BannerFile(const std::string& data_dir) { return data_dir + "/banner.txt"; }

std::string Read(const std::string& path) {
  std::ifstream file(path);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

std::string With(const Command& command, absl::string_view verb) {
  return absl::StrCat("./guestpass ", verb,
                      command.data_dir_flag ? absl::StrCat(" --data-dir ", command.data_dir) : "");
}

std::string Grpcurl() {
  if (!FindProgram("grpcurl").empty()) return "grpcurl";
  return access(kOwnGrpcurl, X_OK) == 0 ? kOwnGrpcurl : "";
}

absl::Status RedirectOutput(const std::string& path) {
  const int log = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const int nothing = open("/dev/null", O_RDONLY);
  if (log < 0 || nothing < 0 || dup2(nothing, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0) {
    return absl::InternalError(absl::StrCat("Cannot write ", path, "."));
  }
  close(log);
  close(nothing);
  return absl::OkStatus();
}

// What the process does that stays. `ready` is told by a byte that the stack runs.
absl::Status Stay(const Command& command, int ready) {
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigprocmask(SIG_BLOCK, &ending, nullptr);
  std::error_code ignored;
  std::filesystem::remove(BannerFile(command.data_dir), ignored);
  ASSIGN_OR_RETURN(const auto stack, Stack::Start({.data_dir = command.data_dir, .progress = [](auto what) {
                                                     Say(absl::StrCat("  starting ", what, "\n"));
                                                   }}));
  const std::string banner = absl::StrCat("\n", Banner(*stack, With(command, "down")), "\n",
                                          PasteLines(*stack, Grpcurl(), With(command, "token")));
  RETURN_IF_ERROR(WriteFile(BannerFile(stack->directory()), banner));
  Say(banner);
  RETURN_IF_ERROR(RedirectOutput(stack->log_dir() + "/stack.log"));
  prctl(PR_SET_PDEATHSIG, 0);
  setsid();
  if (write(ready, "", 1) != 1) return absl::InternalError("Nobody waits for the stack.");
  close(ready);
  int signal_number;
  sigwait(&ending, &signal_number);
  return absl::OkStatus();
}

absl::Status Up(const Command& command) {
  if (DataDirectory::UserOf(command.data_dir).has_value()) {
    Say(absl::StrCat("It is running already.\n", Read(BannerFile(command.data_dir))));
    return absl::OkStatus();
  }
  int ready[2];
  if (pipe2(ready, O_CLOEXEC) != 0) return absl::InternalError("Cannot make a pipe.");
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) return absl::InternalError("Cannot start a process.");
  if (child == 0) {
    close(ready[0]);
    prctl(PR_SET_PDEATHSIG, SIGKILL);  // until the stack runs, it ends with the command
    if (getppid() != parent) _exit(1);
    const absl::Status status = Stay(command, ready[1]);
    if (!status.ok()) std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
    std::exit(status.ok() ? 0 : 1);
  }
  close(ready[1]);
  char byte;
  // The child has said why, if it ended.
  return read(ready[0], &byte, 1) == 1 ? absl::OkStatus() : absl::InternalError("The stack did not start.");
}

absl::Status Down(const Command& command) {
  const auto pid = DataDirectory::UserOf(command.data_dir);
  if (!pid.has_value()) {
    Say(absl::StrCat("Nothing runs in ", command.data_dir, ".\n"));
    return absl::OkStatus();
  }
  kill(*pid, SIGTERM);
  const absl::Time deadline = absl::Now() + kStopTimeout;
  while (DataDirectory::UserOf(command.data_dir).has_value()) {
    if (absl::Now() > deadline) {
      return absl::DeadlineExceededError(
          absl::StrCat("Process ", *pid, " does not stop: end it with kill -9 ", *pid, "."));
    }
    absl::SleepFor(absl::Milliseconds(20));
  }
  Say(absl::StrCat("Stopped. Data is kept in ", command.data_dir, ".\n"));
  return absl::OkStatus();
}

absl::StatusOr<Command> ReadCommand(const std::vector<std::string>& args, config::Settings& settings) {
  Command command;
  command.data_dir = settings.Text("data-dir", "the directory in which everything lives");
  command.data_dir_flag = std::any_of(
      args.begin(), args.end(), [](const std::string& arg) { return absl::StartsWith(arg, "--data-dir"); });
  const std::vector<std::string> verbs = settings.positional();
  RETURN_IF_ERROR(settings.Finish());
  if (verbs.size() != 1 || (verbs[0] != "up" && verbs[0] != "down")) {
    return absl::InvalidArgumentError("Say up or down.");
  }
  command.verb = verbs[0];
  return command;
}

absl::Status Run(const Command& command) { return command.verb == "up" ? Up(command) : Down(command); }

int Main(const std::vector<std::string>& args) {
  config::Settings settings(args, config::ProcessEnvironment());
  const bool help_asked = settings.HelpAsked();
  const absl::StatusOr<Command> command = ReadCommand(args, settings);
  if (help_asked) {
    Say(absl::StrCat(kUsage, settings.Help()));
    return 0;
  }
  const absl::Status status = command.ok() ? Run(*command) : command.status();
  if (!status.ok()) std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return status.ok() ? 0 : 1;
}

}  // namespace
}  // namespace guestpass::harness

int main(int argc, char** argv) { return guestpass::harness::Main({argv + 1, argv + argc}); }
