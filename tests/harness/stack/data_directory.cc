// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/stack/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/status/macros.h"
#include "tests/harness/servers/places.h"
#include "tests/harness/servers/process.h"

namespace guestpass::harness {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLongestPath = 80;  // a socket's path, file name included, has at most 107 bytes
constexpr absl::Duration kTestTimeout = absl::Seconds(10);
constexpr absl::Duration kRemoveTimeout = absl::Seconds(10);

// Waits for SIGTERM, which it gets at the latest when who started it dies; servers may be dying as well then,
// and still write.
constexpr char kRemove[] = R"sh(
  sleep infinity & sleeper=$!
  trap 'kill $sleeper; tries=50; until rm -rf "$0" || [ $((tries -= 1)) = 0 ]; do sleep 0.1; done; exit' TERM
  wait
)sh";

std::string LockOf(const std::string& path) { return path + "/stack.pid"; }

absl::Status SystemError(const std::string& path) {
  return absl::FailedPreconditionError(
      absl::StrCat("Cannot use ", path, " (", std::strerror(errno), "): name another with --data-dir."));
}

absl::StatusOr<int> Lock(const std::string& path) {
  const int lock = open(LockOf(path).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0) return SystemError(LockOf(path));
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    close(lock);
    return absl::FailedPreconditionError(
        absl::StrCat("A stack runs in ", path,
                     " already: stop it with ./guestpass down, or name another "
                     "directory with --data-dir."));
  }
  const std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(lock, 0) != 0 || pwrite(lock, pid.data(), pid.size(), 0) < 0) {
    close(lock);
    return SystemError(LockOf(path));
  }
  return lock;
}

absl::Status CheckReachable(const std::string& path) {
  const std::string user = UnprivilegedUser();
  if (user.empty() || RunProgram({.args = {"test", "-x", path}, .unprivileged = true}, kTestTimeout).ok()) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("The user ", user, ", who runs PostgreSQL and nats-server, cannot reach ", path,
                   ": name a directory with --data-dir whose parents let everybody through, such as "
                   "/var/tmp/guestpass."));
}

}  // namespace

absl::StatusOr<DataDirectory> DataDirectory::Open(const std::string& path) {
  if (path.empty()) {
    ASSIGN_OR_RETURN(const std::string temporary, MakeTempDirectory());
    ASSIGN_OR_RETURN(const int lock, Lock(temporary));
    DataDirectory directory(temporary, lock);
    ASSIGN_OR_RETURN(Process remover,
                     Process::Start({.args = {"sh", "-c", kRemove, temporary}, .death_signal = SIGTERM}));
    directory.remover_.emplace(std::move(remover));
    return directory;
  }
  const std::string absolute =
      absl::StrCat(absl::StripSuffix(fs::absolute(path).lexically_normal().string(), "/"));
  if (absolute.size() > kLongestPath) {
    return absl::FailedPreconditionError(
        absl::StrCat("The path ", absolute, " is too long for a Unix socket in it: name one of at most ",
                     kLongestPath, " bytes with --data-dir."));
  }
  std::error_code error;
  fs::create_directories(absolute, error);
  if (error) {
    errno = error.value();
    return SystemError(absolute);
  }
  ASSIGN_OR_RETURN(const int lock, Lock(absolute));
  DataDirectory directory(absolute, lock);
  RETURN_IF_ERROR(CheckReachable(absolute));
  return directory;
}

DataDirectory::DataDirectory(DataDirectory&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::exchange(other.lock_, -1)),
      remover_(std::exchange(other.remover_, std::nullopt)) {}

DataDirectory::~DataDirectory() {
  if (remover_.has_value()) {
    remover_->Stop(SIGTERM, kRemoveTimeout);
    std::error_code ignored;
    fs::remove_all(path_, ignored);  // where it was stopped before it was ready
  }
  if (lock_ >= 0) close(lock_);
}

absl::StatusOr<std::string> DataDirectory::Make(const std::string& name, Owner owner) const {
  std::string path = path_ + "/" + name;
  std::error_code error;
  fs::create_directory(path, error);
  if (error) return absl::InternalError(absl::StrCat(path, ": ", error.message()));
  if (chmod(path.c_str(), 0700) != 0) return SystemError(path);
  if (owner == Owner::kServers) {
    RETURN_IF_ERROR(MakeDirectory(path));
  }
  return path;
}

std::optional<pid_t> DataDirectory::UserOf(const std::string& path) {
  const int lock = open(LockOf(path).c_str(), O_RDONLY | O_CLOEXEC);
  if (lock < 0) return std::nullopt;
  const bool free = flock(lock, LOCK_SH | LOCK_NB) == 0;
  char text[32] = {};
  const ssize_t length = pread(lock, text, sizeof(text) - 1, 0);
  close(lock);
  pid_t pid = 0;
  if (free || length <= 0 || !absl::SimpleAtoi(absl::StripSuffix(text, "\n"), &pid)) return std::nullopt;
  return pid;
}

}  // namespace guestpass::harness
