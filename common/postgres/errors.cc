// SPDX-License-Identifier: Apache-2.0
#include "common/postgres/errors.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"
#include "common/telemetry/log.h"

namespace guestpass::postgres {
namespace {

constexpr absl::string_view kPayload = "guestpass.dev/sqlstate";
constexpr absl::string_view kUniqueViolation = "23505";

Reason ReasonFor(absl::string_view sqlstate) {
  if (sqlstate.empty() || absl::StartsWith(sqlstate, "08") || absl::StartsWith(sqlstate, "57P0") ||
      sqlstate == "25006" || sqlstate == "57014") {
    return Reason::kDatabaseUnavailable;
  }
  if (absl::StartsWith(sqlstate, "53") || sqlstate == "55P03") return Reason::kOverloaded;
  if (sqlstate == "40001" || sqlstate == "40P01") return Reason::kConflict;
  return Reason::kInternal;
}

absl::Status ErrorFor(absl::string_view sqlstate) {
  const Reason reason = ReasonFor(sqlstate);
  switch (reason) {
    case Reason::kDatabaseUnavailable:
      return DatabaseUnavailable();
    case Reason::kOverloaded:
      return Error(reason, "The database has too much to do at once. Try again in a moment.");
    case Reason::kConflict:
      return Error(reason, "Somebody else changed the same things at the same moment. Try again.");
    default:
      return Error(reason, "Something went wrong in the database. The service's log says what.");
  }
}

// Lost races and taken names are everyday life.
telemetry::Severity SeverityOf(absl::string_view sqlstate) {
  if (sqlstate == "40001" || sqlstate == "40P01" || sqlstate == kUniqueViolation) {
    return telemetry::Severity::kDebug;
  }
  return CodeOf(ReasonFor(sqlstate)) == absl::StatusCode::kInternal ? telemetry::Severity::kError
                                                                    : telemetry::Severity::kWarning;
}

std::pair<std::string, std::string> PayloadOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayload);
  if (!payload.has_value()) return {};
  return absl::StrSplit(std::string(*payload), absl::MaxSplits(' ', 1));
}

}  // namespace

absl::Status StatementError(absl::string_view sqlstate, absl::string_view constraint,
                            absl::string_view message) {
  absl::Status status = ErrorFor(sqlstate);
  status.SetPayload(kPayload, absl::Cord(absl::StrCat(sqlstate, " ", constraint)));
  telemetry::Log(
      SeverityOf(sqlstate),
      sqlstate.empty() ? "the connection to the database failed" : "a statement failed in the database",
      {{"sqlstate", std::string(sqlstate)},
       {"constraint", std::string(constraint)},
       {"database_message", std::string(absl::StripAsciiWhitespace(message))}});
  return status;
}

absl::Status DatabaseUnavailable() {
  return Error(Reason::kDatabaseUnavailable, "The database does not answer. Try again.");
}

std::string SqlState(const absl::Status& status) { return PayloadOf(status).first; }

bool IsUniqueViolation(const absl::Status& status, absl::string_view constraint) {
  const auto [sqlstate, broken_constraint] = PayloadOf(status);
  return sqlstate == kUniqueViolation && broken_constraint == constraint;
}

bool IsRerunnable(const absl::Status& status) {
  const std::string sqlstate = SqlState(status);
  return sqlstate == "40001" || sqlstate == "40P01";
}

}  // namespace guestpass::postgres
