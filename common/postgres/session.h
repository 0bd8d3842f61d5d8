// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/postgres/params.h"
#include "common/postgres/result.h"

namespace guestpass::postgres {

struct SessionOptions {
  std::string conninfo;
  std::string application_name = "guestpass";
  absl::Duration connect_timeout = absl::Seconds(3);  // in whole seconds, at least 2
  // The server ends a statement after this time; a second later the session gives it up, and is broken. The
  // infinite duration: never, for migrations.
  absl::Duration statement_timeout = absl::Seconds(5);
};

// INVALID_ARGUMENT unless `conninfo` is one of libpq's ("host=… dbname=…" or "postgresql://…"). Says
// nothing of its text, which may hold a password.
absl::Status CheckConninfo(absl::string_view conninfo);

// One connection to the database, in UTF-8 and UTC, used from one thread at a time.
class Session {
 public:
  // DATABASE_UNAVAILABLE; why goes to the log.
  static absl::StatusOr<std::unique_ptr<Session>> Connect(const SessionOptions& options);

  // Runs one statement, prepared the first time and kept. Outside a transaction it commits by itself: let
  // that be reads, as nothing tells whether a write whose connection broke was made. Errors: errors.h, and
  // FIELD_INVALID for a text with a NUL character.
  absl::StatusOr<Result> Run(absl::string_view sql, const Params& params = {});

  // Runs statements, separated by semicolons, without parameters or results. Errors: errors.h.
  absl::Status Script(absl::string_view sql);

  // The name under which `sql` is prepared here, for code that talks to connection() in pipelines.
  absl::StatusOr<std::string> Prepare(absl::string_view sql);
  PGconn* connection() { return connection_.get(); }

  // For such code, which finds the connection non-blocking: sends `name` with `params`, or keeps what the
  // socket does not take for Await. CheckText before it: FIELD_INVALID for a text with a NUL character.
  absl::Status Send(const std::string& name, const Params& params);
  static absl::Status CheckText(const Params& params);

  // For such code: waits until PQgetResult would not block, and sends meanwhile what is not sent yet.
  // DATABASE_UNAVAILABLE, the session broken, where nothing came within the time of so many statements (of
  // six at most: no more of them wait), whose answers the server may give all at once, and a second.
  absl::Status Await(int statements = 1);

  // Whether nothing came that was not asked for: over an idle connection only its end does.
  bool Silent() const;

  // Whether it is of no more use: its connection broke, it was given up, or what it prepared went stale.
  bool broken() const;

  // For who talks to connection(): turns a failed result (or null) into its error, and breaks the session
  // where the connection did.
  absl::Status ErrorOf(const PGresult* result);

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

  Session(PGconn* connection, absl::Duration statement_timeout)
      : connection_(connection), statement_timeout_(statement_timeout) {}

  absl::StatusOr<Result> Finished();

  std::unique_ptr<PGconn, Finish> connection_;
  const absl::Duration statement_timeout_;
  absl::flat_hash_map<std::string, std::string> prepared_;  // statement → name
  bool given_up_ = false;
};

}  // namespace guestpass::postgres
