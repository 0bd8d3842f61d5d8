// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "tests/harness/servers/process.h"

namespace guestpass::harness {

// Where one stack keeps its files, locked for as long as this lives so that no second stack uses them.
// Movable.
class DataDirectory {
 public:
  // Makes and locks `path`, or a temporary one for "". FAILED_PRECONDITION with a sentence where a stack runs
  // there already, or where the path will not do.
  static absl::StatusOr<DataDirectory> Open(const std::string& path);

  DataDirectory(DataDirectory&& other) noexcept;
  DataDirectory& operator=(DataDirectory&&) = delete;
  ~DataDirectory();  // unlocks it

  const std::string& path() const { return path_; }
  bool kept() const { return !remover_.has_value(); }

  // Makes `name` in it, for its owner only: this process's user, or who runs the private servers.
  enum class Owner { kUs, kServers };
  absl::StatusOr<std::string> Make(const std::string& name, Owner owner) const;

  // The process of the stack that runs in `path`, or nothing.
  static std::optional<pid_t> UserOf(const std::string& path);

 private:
  DataDirectory(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::string path_;
  int lock_;
  std::optional<Process> remover_;  // removes a temporary one, however this process ends
};

}  // namespace guestpass::harness
