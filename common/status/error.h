// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/status/reason.h"

// Errors as every layer passes them: an absl::Status whose code follows from its reason, with what
// google.rpc's error details will carry. Common/rpc turns one into the wire's; nothing else does.
namespace guestpass {

using Metadata = std::map<std::string, std::string>;

// One bad field of a request: its path ("invite.email") and what is wrong with it.
struct FieldViolation {
  std::string field;
  std::string description;
};

// What an error says beside its code and message.
struct ErrorDetails {
  Reason reason = Reason::kInternal;
  Metadata metadata;                       // ErrorInfo.metadata
  std::vector<FieldViolation> violations;  // BadRequest; at most 20 reach the wire
  absl::Duration retry_after;              // RetryInfo; zero: none
};

// An error for people to read, `message` saying what to do. The code is CodeOf(reason).
absl::Status Error(Reason reason, absl::string_view message, Metadata metadata = {});
absl::Status Error(absl::string_view message, const ErrorDetails& details);

// INVALID_ARGUMENT FIELD_INVALID with one violation.
absl::Status FieldInvalid(absl::string_view field, absl::string_view description);

// INVALID_ARGUMENT REQUEST_ID_REUSED {request_id}: this id came with another request within the time for
// which answers are kept.
absl::Status RequestIdReused(absl::string_view id);

// What Error() was given, or nothing for a status that it did not make.
std::optional<ErrorDetails> DetailsOf(const absl::Status& status);

// Whether `status` was made with `reason`.
bool HasReason(const absl::Status& status, Reason reason);

// RFC 3339 in UTC with microseconds, as metadata and logs have times.
std::string Rfc3339(absl::Time time);

}  // namespace guestpass
