// SPDX-License-Identifier: Apache-2.0
#include "common/postgres/service_database.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace guestpass::postgres {
namespace {

absl::Status CheckSetting(const std::string& conninfo) {
  const absl::Status status = CheckConninfo(conninfo);
  if (status.ok()) return status;
  return absl::InvalidArgumentError(absl::StrCat("GUESTPASS_DATABASE ", status.message(), "."));
}

// What the log has of it, an operator can do something about.
absl::Status Reachable(const absl::Status& status) {
  if (!HasReason(status, Reason::kDatabaseUnavailable)) return status;
  return absl::UnavailableError(
      "The database of GUESTPASS_DATABASE cannot be reached: is PostgreSQL running there, and are the user "
      "and the "
      "database made? The log line before this has what came back.");
}

}  // namespace

std::string ReadConninfo(config::Settings& settings) {
  return settings.Secret("database",
                         "the connection string of the service's database, as \"host=… dbname=… user=…\"");
}

absl::Status RunCommand(const std::vector<std::string>& words, const std::string& conninfo,
                        const Migrations& migrations) {
  if (words.empty() || words[0] != "migrate" || words.size() > 2) {
    return absl::InvalidArgumentError("the only command is: migrate up | status | --dry-run");
  }
  RETURN_IF_ERROR(CheckSetting(conninfo));
  const auto text = migrations.Command(conninfo, words.size() == 2 ? words[1] : "");
  if (!text.ok()) return Reachable(text.status());
  std::printf("%s", text->c_str());
  return absl::OkStatus();
}

absl::Status CheckServable(const SessionOptions& options, const Migrations& migrations) {
  RETURN_IF_ERROR(CheckSetting(options.conninfo));
  const auto session = Session::Connect(options);
  if (!session.ok()) return Reachable(session.status());
  RETURN_IF_ERROR(migrations.Check(**session));
  return CheckDurability(**session);
}

}  // namespace guestpass::postgres
