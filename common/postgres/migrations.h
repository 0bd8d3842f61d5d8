// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/postgres/session.h"

namespace guestpass::postgres {

// One file migrations/0001_tables.sql: number 1, name "tables". Never edited once released.
struct Migration {
  int number;
  std::string name;
  std::string sql;
};

// A service's migrations, and what its program needs of them. Errors of the database are those of errors.h;
// the others are FAILED_PRECONDITION or SCHEMA_OUT_OF_DATE with one sentence for who operates the service.
class Migrations {
 public:
  // `service` names the program, as "guest-expiry"; `migrations` are numbered 1, 2, 3, …; the program works
  // with schemas from `oldest` (0: only the newest) to the newest.
  Migrations(std::string service, std::vector<Migration> migrations, int oldest = 0);

  // Applies what is missing, each in its own transaction and recorded in schema_migrations, alone under an
  // advisory lock for which it waits. Refuses a database that has one whose text was different. Gives the
  // numbers applied. `session` should have no statement_timeout.
  absl::StatusOr<std::vector<int>> Up(Session& session) const;

  // One line for each migration, with when it was applied.
  absl::StatusOr<std::string> Status(Session& session) const;

  // The SQL that Up would run.
  absl::StatusOr<std::string> DryRun(Session& session) const;

  // OK if this program may serve from this database, else UNAVAILABLE SCHEMA_OUT_OF_DATE.
  absl::Status Check(Session& session) const;

  // `PROGRAM migrate VERB`: "up", "status" or "--dry-run". Connects by itself; gives what to print.
  absl::StatusOr<std::string> Command(const std::string& conninfo, absl::string_view verb) const;

 private:
  struct Applied;

  absl::StatusOr<std::vector<Applied>> ReadApplied(Session& session) const;
  absl::StatusOr<std::vector<int>> ApplyMissing(Session& session) const;
  absl::Status Apply(Session& session, const Migration& migration) const;
  absl::Status TooNew(int schema) const;

  const std::string service_;
  const std::vector<Migration> migrations_;
  const int oldest_;
};

// FAILED_PRECONDITION if the database would forget in a crash what it has confirmed: `fsync` off, or
// `synchronous_commit` below on.
absl::Status CheckDurability(Session& session);

}  // namespace guestpass::postgres
