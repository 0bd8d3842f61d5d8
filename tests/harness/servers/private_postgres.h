// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tests/harness/servers/process.h"

namespace guestpass::harness {

struct PostgresOptions {
  std::string directory;              // where it lives and stays; "": a temporary one, removed at the end
  bool durable = false;               // fsync and synchronous commits: on for what measures or serves
  bool tcp = false;                   // also listen on 127.0.0.1, at a free port
  std::vector<std::string> settings;  // more, as "max_wal_size=4GB"
};

// A PostgreSQL server of one's own, on a Unix socket in its directory, trusting whoever can reach it. Runs
// as an unprivileged user and dies with the thread that started it. For one thread at a time; the
// databases, of course, for any number.
class PrivatePostgres {
 public:
  // Starts it, after initdb the first time. INTERNAL with the end of its log.
  static absl::StatusOr<std::unique_ptr<PrivatePostgres>> Start(PostgresOptions options = {});

  ~PrivatePostgres();  // stops it

  // For libpq; by the Unix socket.
  std::string conninfo(absl::string_view database = "postgres", absl::string_view user = "postgres") const;

  // For libpq, by TCP. Only with `tcp`.
  std::string tcp_conninfo(absl::string_view database, absl::string_view user = "postgres") const;

  const std::string& directory() const { return directory_; }
  std::string log() const { return directory_ + "/postgres.log"; }
  pid_t pid() const { return server_.has_value() ? server_->pid() : 0; }  // 0 if it does not run

  // Runs statements as the superuser.
  absl::Status Execute(absl::string_view database, absl::string_view sql);

  // A new database, a copy of `from` if that is not "", owned by `owner` if that is not "".
  absl::Status CreateDatabase(absl::string_view name, absl::string_view from = "",
                              absl::string_view owner = "");

  // Ends it: in order (clients are disconnected), or all its processes at once, as a crash of its host
  // does (what was not synced is kept all the same). Nothing if it does not run.
  void Stop();
  void Kill();

  // Starts it again after Stop or Kill, with the same data, socket and port.
  absl::Status Restart();

 private:
  explicit PrivatePostgres(PostgresOptions options) : options_(std::move(options)) {}

  absl::Status Initialize();
  absl::Status Launch();

  PostgresOptions options_;
  std::string directory_;
  std::string socket_directory_;  // directory_, unless its path is too long for a socket
  int port_ = 5432;
  std::optional<Process> server_;
};

}  // namespace guestpass::harness
