// SPDX-License-Identifier: Apache-2.0
#include "common/postgres/migrations.h"

#include <openssl/sha.h>

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace guestpass::postgres {
namespace {

constexpr char kLock[] = "SELECT pg_advisory_lock(7310868735155925362)";
constexpr char kUnlock[] = "SELECT pg_advisory_unlock(7310868735155925362)";
constexpr char kTableExists[] = "SELECT to_regclass('schema_migrations') IS NOT NULL";
constexpr char kCreateTable[] = R"sql(
  CREATE TABLE IF NOT EXISTS schema_migrations (
    number     integer PRIMARY KEY,
    name       text NOT NULL,
    sha256     text NOT NULL,
    applied_us bigint NOT NULL
  )
)sql";
constexpr char kRead[] = "SELECT number, sha256, applied_us FROM schema_migrations ORDER BY number";
constexpr char kRecord[] = R"sql(
  INSERT INTO schema_migrations (number, name, sha256, applied_us)
  VALUES ($1, $2, $3, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
)sql";
constexpr char kDurability[] = "SELECT current_setting('fsync'), current_setting('synchronous_commit')";

std::string Sha256(absl::string_view text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest), sizeof(digest)});
}

std::string Capitalized(std::string name) {
  if (!name.empty()) name[0] = absl::ascii_toupper(name[0]);
  return name;
}

}  // namespace

struct Migrations::Applied {
  int number;
  absl::Time time;
};

Migrations::Migrations(std::string service, std::vector<Migration> migrations, int oldest)
    : service_(std::move(service)),
      migrations_(std::move(migrations)),
      oldest_(oldest == 0 ? static_cast<int>(migrations_.size()) : oldest) {}

absl::StatusOr<std::vector<int>> Migrations::Up(Session& session) const {
  RETURN_IF_ERROR(session.Run(kLock).status());
  absl::StatusOr<std::vector<int>> numbers = ApplyMissing(session);
  session.Run(kUnlock).status().IgnoreError();
  return numbers;
}

absl::StatusOr<std::vector<int>> Migrations::ApplyMissing(Session& session) const {
  RETURN_IF_ERROR(session.Run(kCreateTable).status());
  ASSIGN_OR_RETURN(const std::vector<Applied> applied, ReadApplied(session));
  std::vector<int> numbers;
  for (size_t i = applied.size(); i < migrations_.size(); ++i) {
    RETURN_IF_ERROR(Apply(session, migrations_[i]));
    numbers.push_back(migrations_[i].number);
  }
  return numbers;
}

absl::Status Migrations::Apply(Session& session, const Migration& migration) const {
  RETURN_IF_ERROR(session.Script("BEGIN"));
  absl::Status status = session.Script(migration.sql);
  if (status.ok()) {
    status =
        session.Run(kRecord, Params::Of(migration.number, migration.name, Sha256(migration.sql))).status();
  }
  if (status.ok()) status = session.Script("COMMIT");
  if (status.ok()) return status;
  session.Script("ROLLBACK").IgnoreError();
  return absl::FailedPreconditionError(
      absl::StrFormat("Migration %d (%s) failed, and nothing of it was kept. The log above says why: %s",
                      migration.number, migration.name, status.message()));
}

absl::StatusOr<std::vector<Migrations::Applied>> Migrations::ReadApplied(Session& session) const {
  std::vector<Applied> applied;
  ASSIGN_OR_RETURN(const Result exists, session.Run(kTableExists));
  if (!exists.Bool(0, 0)) return applied;
  ASSIGN_OR_RETURN(const Result rows, session.Run(kRead));
  if (rows.rows() > static_cast<int>(migrations_.size())) return TooNew(rows.rows());
  for (int row = 0; row < rows.rows(); ++row) {
    const Migration& migration = migrations_[row];
    if (rows.Int64(row, 0) != migration.number || rows.Text(row, 1) != Sha256(migration.sql)) {
      return absl::FailedPreconditionError(absl::StrFormat(
          "%s's database has another migration %d than this program's %04d_%s.sql: a released migration is "
          "never edited. Use the program that made this database, or a new database.",
          Capitalized(service_), rows.Int64(row, 0), migration.number, migration.name));
    }
    applied.push_back({migration.number, rows.Time(row, 2)});
  }
  return applied;
}

absl::Status Migrations::TooNew(int schema) const {
  return Error(Reason::kSchemaOutOfDate,
               absl::StrFormat("%s's database is at schema %d, this program needs %d to %d: this program is "
                               "older than the database's schema; install the newer one.",
                               Capitalized(service_), schema, oldest_, migrations_.size()));
}

absl::StatusOr<std::string> Migrations::Status(Session& session) const {
  ASSIGN_OR_RETURN(const std::vector<Applied> applied, ReadApplied(session));
  std::string text;
  for (size_t i = 0; i < migrations_.size(); ++i) {
    const std::string state = i < applied.size() ? "applied " + Rfc3339(applied[i].time) : "pending";
    absl::StrAppendFormat(&text, "%04d_%s  %s\n", migrations_[i].number, migrations_[i].name, state);
  }
  return text;
}

absl::StatusOr<std::string> Migrations::DryRun(Session& session) const {
  ASSIGN_OR_RETURN(const std::vector<Applied> applied, ReadApplied(session));
  std::string text;
  for (size_t i = applied.size(); i < migrations_.size(); ++i) {
    absl::StrAppendFormat(&text, "-- %04d_%s\n%s\n", migrations_[i].number, migrations_[i].name,
                          absl::StripAsciiWhitespace(migrations_[i].sql));
  }
  return text.empty() ? "-- nothing to do\n" : text;
}

absl::Status Migrations::Check(Session& session) const {
  ASSIGN_OR_RETURN(const std::vector<Applied> applied, ReadApplied(session));
  const int schema = static_cast<int>(applied.size());
  if (schema >= oldest_) return absl::OkStatus();
  return Error(
      Reason::kSchemaOutOfDate,
      absl::StrFormat("%s's database is at schema %d, this program needs %d to %d. Run: %s migrate up",
                      Capitalized(service_), schema, oldest_, migrations_.size(), service_));
}

absl::StatusOr<std::string> Migrations::Command(const std::string& conninfo, absl::string_view verb) const {
  if (verb != "up" && verb != "status" && verb != "--dry-run") {
    return absl::InvalidArgumentError(absl::StrCat("Say: ", service_, " migrate up | status | --dry-run"));
  }
  ASSIGN_OR_RETURN(const std::unique_ptr<Session> session,
                   Session::Connect({.conninfo = conninfo,
                                     .application_name = service_ + " migrate",
                                     .statement_timeout = absl::InfiniteDuration()}));
  if (verb == "status") return Status(*session);
  if (verb == "--dry-run") return DryRun(*session);
  ASSIGN_OR_RETURN(const std::vector<int> applied, Up(*session));
  return applied.empty() ? absl::StrCat("Nothing to do: schema ", migrations_.size(), ".\n")
                         : absl::StrCat("Applied ", absl::StrJoin(applied, ", "), ".\n");
}

absl::Status CheckDurability(Session& session) {
  ASSIGN_OR_RETURN(const Result settings, session.Run(kDurability));
  if (settings.Text(0, 0) != "on") {
    return absl::FailedPreconditionError(
        "The database runs with fsync = off and may lose what it has confirmed. Set fsync = on in its "
        "postgresql.conf and restart it.");
  }
  if (settings.Text(0, 1) != "on" && settings.Text(0, 1) != "remote_apply") {
    return absl::FailedPreconditionError(absl::StrCat(
        "The database runs with synchronous_commit = ", settings.Text(0, 1),
        " and may lose what it has confirmed. Set it to on for the server, this database and this role."));
  }
  return absl::OkStatus();
}

}  // namespace guestpass::postgres
