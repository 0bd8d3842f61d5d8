// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace guestpass::auth {

// A file that is read again when it has changed: another inode, size, or time of change. Replacing it by
// rename is seen whole; a file being written in place may be seen in part, and is read again when it is
// complete. Not thread-safe.
class WatchedFile {
 public:
  explicit WatchedFile(std::string path) : path_(std::move(path)) {}

  const std::string& path() const { return path_; }

  // The contents if the file changed since the last call (always at the first), nothing if it did not.
  // FAILED_PRECONDITION with a sentence naming path and cause where it cannot be read or is larger than
  // 1 MiB; told once for each change.
  absl::StatusOr<std::optional<std::string>> ReadIfChanged();

 private:
  struct Stamp {
    ino_t inode = 0;
    off_t size = -1;
    int64_t modified_ns = 0;
    int64_t changed_ns = 0;
    friend bool operator==(const Stamp&, const Stamp&) = default;
  };

  absl::Status Failed(const char* what, int error) const;
  absl::StatusOr<std::string> Read(int fd) const;

  const std::string path_;
  std::optional<Stamp> seen_;
};

}  // namespace guestpass::auth
