// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

// What a failed statement tells its caller: never what the database said, which goes to the log. By SQLSTATE:
//
//   none, 08…, 57P0…    the connection broke        UNAVAILABLE DATABASE_UNAVAILABLE
//   25006               a standby answered          UNAVAILABLE DATABASE_UNAVAILABLE
//   57014               the statement's time is up  UNAVAILABLE DATABASE_UNAVAILABLE
//   55P03, 53…          a lock or a resource        RESOURCE_EXHAUSTED OVERLOADED
//   40001, 40P01        a rival won                 ABORTED CONFLICT (Transact reruns them)
//   any other                                       INTERNAL
//
// The status carries the SQLSTATE and the constraint's name for the functions below.
namespace guestpass::postgres {

// The error for `sqlstate` ("" if the connection broke) on `constraint` ("" if on none). Logs it with
// `message`, the database's own words.
absl::Status StatementError(absl::string_view sqlstate, absl::string_view constraint,
                            absl::string_view message);

// UNAVAILABLE DATABASE_UNAVAILABLE.
absl::Status DatabaseUnavailable();

// The SQLSTATE of the failed statement, or "" where there is none.
std::string SqlState(const absl::Status& status);

// Whether a statement failed since it broke that unique (or primary key) constraint or index.
bool IsUniqueViolation(const absl::Status& status, absl::string_view constraint);

// Whether to run the transaction again: 40001 and 40P01.
bool IsRerunnable(const absl::Status& status);

}  // namespace guestpass::postgres
