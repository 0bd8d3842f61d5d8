// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/servers/process.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/macros.h"
#include "tests/harness/servers/places.h"

extern char** environ;

namespace guestpass::harness {
namespace {

absl::Status SystemError(absl::string_view what) {
  return absl::InternalError(absl::StrCat(what, ": ", std::strerror(errno)));
}

std::vector<std::string> Environment(const ProcessOptions& options) {
  std::vector<std::string> env;
  for (const auto& [key, value] : options.env) env.push_back(absl::StrCat(key, "=", value));
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string key(*entry, std::strcspn(*entry, "="));
    if (options.env.count(key) == 0) env.push_back(*entry);
  }
  return env;
}

std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& text : strings) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Everything a child does before it is another program: only calls that are safe after a fork.
struct Launch {
  const char* program;
  char* const* args;
  char* const* env;
  const char* directory;  // or null
  int output;             // or -1
  const passwd* user;     // or null
  int death_signal;
  pid_t parent;
  int failure;  // where errno goes; closed by exec

  [[noreturn]] void Run() const {
    setpgid(0, 0);
    if (output >= 0 && (dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0)) Fail();
    if (user != nullptr && (setgroups(1, &user->pw_gid) != 0 || setgid(user->pw_gid) != 0 ||
                            setuid(user->pw_uid) != 0 || chdir("/") != 0)) {
      Fail();
    }
    if (directory != nullptr && chdir(directory) != 0) Fail();
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    // After setuid, which clears it.
    prctl(PR_SET_PDEATHSIG, death_signal);
    if (getppid() != parent) _exit(127);
    execve(program, args, env);
    Fail();
  }

  [[noreturn]] void Fail() const {
    const int error = errno;
    if (write(failure, &error, sizeof(error)) < 0) _exit(126);
    _exit(127);
  }
};

// What the child wrote before it gave up, or 0 when it became the program.
int ReadFailure(int descriptor) {
  int error = 0;
  ssize_t length;
  do {
    length = read(descriptor, &error, sizeof(error));
  } while (length < 0 && errno == EINTR);
  return length == sizeof(error) ? error : 0;
}

absl::StatusOr<pid_t> Fork(Launch& launch) {
  int failure[2];
  if (pipe2(failure, O_CLOEXEC) != 0) return SystemError("pipe");
  launch.failure = failure[1];
  const pid_t pid = fork();
  if (pid == 0) launch.Run();
  const absl::Status forked = pid < 0 ? SystemError("fork") : absl::OkStatus();
  close(failure[1]);
  const int error = pid < 0 ? 0 : ReadFailure(failure[0]);
  close(failure[0]);
  RETURN_IF_ERROR(forked);
  if (error == 0) return pid;
  waitpid(pid, nullptr, 0);
  return absl::InternalError(absl::StrCat(launch.program, ": ", std::strerror(error)));
}

int StatusOf(int status) { return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status); }

}  // namespace

absl::StatusOr<Process> Process::Start(const ProcessOptions& options) {
  const std::string program = FindProgram(options.args.at(0));
  if (program.empty()) return absl::InternalError(absl::StrCat(options.args[0], " is not installed"));
  std::vector<std::string> args = options.args;
  args[0] = program;  // by which PostgreSQL's programs find each other
  std::vector<std::string> env = Environment(options);
  const std::vector<char*> arg_pointers = Pointers(args);
  const std::vector<char*> env_pointers = Pointers(env);
  const std::string user = options.unprivileged ? UnprivilegedUser() : "";
  Launch launch = {.program = program.c_str(),
                   .args = arg_pointers.data(),
                   .env = env_pointers.data(),
                   .directory = options.directory.empty() ? nullptr : options.directory.c_str(),
                   .output = -1,
                   .user = user.empty() ? nullptr : getpwnam(user.c_str()),
                   .death_signal = options.death_signal,
                   .parent = getpid(),
                   .failure = -1};
  if (!options.output.empty()) {
    launch.output = open(options.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (launch.output < 0) return SystemError(options.output);
  }
  absl::StatusOr<pid_t> pid = Fork(launch);
  if (launch.output >= 0) close(launch.output);
  if (!pid.ok()) return pid.status();
  return Process(*pid);
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), status_(std::exchange(other.status_, std::nullopt)) {}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(status_, other.status_);
  return *this;
}

Process::~Process() {
  if (pid_ != 0) Stop(SIGKILL);
}

bool Process::Running() { return !Wait(absl::ZeroDuration()).has_value(); }

void Process::Signal(int signal) {
  if (!status_.has_value()) kill(pid_, signal);
}

std::optional<int> Process::Wait(absl::Duration timeout) {
  if (status_.has_value()) return status_;
  const absl::Time deadline = absl::Now() + timeout;
  const int descriptor = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  pollfd ended = {.fd = descriptor, .events = POLLIN, .revents = 0};
  int ready;
  do {
    const absl::Duration left = std::clamp(deadline - absl::Now(), absl::ZeroDuration(), absl::Hours(1));
    ready = poll(&ended, 1, static_cast<int>(absl::ToInt64Milliseconds(left)));
  } while ((ready < 0 && errno == EINTR) || (ready == 0 && absl::Now() < deadline));
  close(descriptor);
  int status = 0;
  if (ready == 1 && waitpid(pid_, &status, 0) == pid_) status_ = StatusOf(status);
  return status_;
}

int Process::Stop(int signal, absl::Duration grace) {
  Signal(signal);
  if (!Wait(grace).has_value()) {
    Signal(SIGKILL);
    Wait(absl::InfiniteDuration());
  }
  return status_.value_or(-1);
}

absl::Status RunProgram(ProcessOptions options, absl::Duration timeout) {
  ASSIGN_OR_RETURN(Process process, Process::Start(options));
  const std::optional<int> status = process.Wait(timeout);
  if (status == 0) return absl::OkStatus();
  const std::string how = status.has_value() ? absl::StrCat("ended with ", *status) : "did not end in time";
  return absl::InternalError(absl::StrCat(options.args[0], " ", how, "\n", Tail(options.output)));
}

}  // namespace guestpass::harness
