// SPDX-License-Identifier: Apache-2.0
#include "common/status/error.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "nlohmann/json.hpp"

namespace guestpass {
namespace {

constexpr absl::string_view kPayload = "guestpass.dev/error";

}  // namespace

absl::Status Error(absl::string_view message, const ErrorDetails& details) {
  nlohmann::json json = {{"reason", std::string(ReasonName(details.reason))},
                         {"metadata", details.metadata},
                         {"violations", nlohmann::json::array()},
                         {"retry_us", absl::ToInt64Microseconds(details.retry_after)}};
  for (const FieldViolation& violation : details.violations) {
    json["violations"].push_back({violation.field, violation.description});
  }
  absl::Status status(CodeOf(details.reason), message);
  status.SetPayload(kPayload,
                    absl::Cord(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)));
  return status;
}

absl::Status Error(Reason reason, absl::string_view message, Metadata metadata) {
  return Error(message, {.reason = reason, .metadata = std::move(metadata)});
}

absl::Status FieldInvalid(absl::string_view field, absl::string_view description) {
  ErrorDetails details{.reason = Reason::kFieldInvalid};
  details.violations.push_back({std::string(field), std::string(description)});
  return Error(absl::StrCat(field, ": ", description), details);
}

absl::Status RequestIdReused(absl::string_view id) {
  return Error("This request_id came with another request before: give each request an id of its own.",
               {.reason = Reason::kRequestIdReused,
                .metadata = {{"request_id", std::string(id)}},
                .violations = {{"request_id", "came with another request before"}}});
}

std::optional<ErrorDetails> DetailsOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kPayload);
  if (!payload.has_value()) return std::nullopt;
  const nlohmann::json json = nlohmann::json::parse(std::string(*payload), nullptr, false);
  ErrorDetails details;
  details.reason = ReasonOf(json["reason"].get<std::string>()).value_or(Reason::kInternal);
  details.metadata = json["metadata"].get<Metadata>();
  for (const auto& violation : json["violations"]) {
    details.violations.push_back({violation[0].get<std::string>(), violation[1].get<std::string>()});
  }
  details.retry_after = absl::Microseconds(json["retry_us"].get<int64_t>());
  return details;
}

bool HasReason(const absl::Status& status, Reason reason) {
  const std::optional<ErrorDetails> details = DetailsOf(status);
  return details.has_value() && details->reason == reason;
}

std::string Rfc3339(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone());
}

}  // namespace guestpass
