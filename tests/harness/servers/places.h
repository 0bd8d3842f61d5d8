// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// Where private servers find their programs, directories and ports, and whom they run as.
namespace guestpass::harness {

// Whom `unprivileged` children run as: "postgres", else "nobody"; "" if this process is not root.
std::string UnprivilegedUser();

// The program's path: `name` itself if it has a slash, else from PATH, /usr/sbin or PostgreSQL's newest
// directory. "" if there is none.
std::string FindProgram(absl::string_view name);

// A new directory that belongs to who runs unprivileged children, with a path short enough for a socket. Who
// asked removes it; a later call removes those whose process was killed.
absl::StatusOr<std::string> MakeTempDirectory();

// Makes `path`, and gives it to who runs unprivileged children. Its parents must let them through.
absl::Status MakeDirectory(const std::string& path);

// A TCP port of 127.0.0.1 that nothing listens on at this moment.
absl::StatusOr<int> FreePort();

// The last `lines` lines of a file, for error messages.
std::string Tail(const std::string& path, int lines = 20);

}  // namespace guestpass::harness
