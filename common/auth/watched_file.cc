// SPDX-License-Identifier: Apache-2.0
#include "common/auth/watched_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "common/status/macros.h"

namespace guestpass::auth {
namespace {

constexpr size_t kMaxBytes = 1 << 20;

int64_t Nanoseconds(const timespec& time) { return time.tv_sec * int64_t{1'000'000'000} + time.tv_nsec; }

// Closes on every way out.
struct OpenFile {
  explicit OpenFile(const std::string& path) : fd(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~OpenFile() {
    if (fd >= 0) close(fd);
  }
  const int fd;
};

}  // namespace

absl::StatusOr<std::optional<std::string>> WatchedFile::ReadIfChanged() {
  Stamp stamp;
  struct stat status;
  const auto take = [&] {
    stamp = {status.st_ino, status.st_size, Nanoseconds(status.st_mtim), Nanoseconds(status.st_ctim)};
  };
  if (stat(path_.c_str(), &status) == 0) take();
  if (seen_ == stamp) return std::nullopt;
  seen_ = stamp;
  const OpenFile file(path_);
  if (file.fd < 0 || fstat(file.fd, &status) != 0) return Failed("cannot be read", errno);
  // The stamp is from before the reading, so that a write meanwhile is seen as a change.
  take();
  seen_ = stamp;
  ASSIGN_OR_RETURN(std::string bytes, Read(file.fd));
  return std::optional<std::string>(std::move(bytes));
}

absl::StatusOr<std::string> WatchedFile::Read(int fd) const {
  std::string bytes;
  char buffer[4096];
  while (true) {
    const ssize_t n = read(fd, buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("cannot be read", errno);
    if (n == 0) return bytes;
    bytes.append(buffer, n);
    if (bytes.size() > kMaxBytes) return Failed("is too large", EFBIG);
  }
}

absl::Status WatchedFile::Failed(const char* what, int error) const {
  return absl::FailedPreconditionError(
      absl::StrCat("The file ", path_, " ", what, " (", strerror(error), ")."));
}

}  // namespace guestpass::auth
