// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/wire_status.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/telemetry/log.h"
#include "google/rpc/error_details.pb.h"

namespace guestpass::rpc {
namespace {

constexpr char kDomain[] = "guestpass.dev";
constexpr size_t kMaxDetails = 4096;
constexpr size_t kMaxViolations = 20;
constexpr char kForwarded[] = "guestpass-user-authorization";

void AddInfo(const ErrorDetails& details, google::rpc::Status& wire) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(ReasonName(details.reason)));
  info.set_domain(kDomain);
  for (const auto& [key, value] : details.metadata) (*info.mutable_metadata())[key] = value;
  if (info.ByteSizeLong() > kMaxDetails / 2) info.clear_metadata();
  wire.add_details()->PackFrom(info);
}

void AddViolations(const ErrorDetails& details, google::rpc::Status& wire) {
  if (details.violations.empty()) return;
  google::rpc::BadRequest bad;
  for (const FieldViolation& violation : details.violations) {
    if (static_cast<size_t>(bad.field_violations_size()) == kMaxViolations) break;
    auto* added = bad.add_field_violations();
    added->set_field(violation.field);
    added->set_description(violation.description);
    if (wire.ByteSizeLong() + bad.ByteSizeLong() > kMaxDetails) {
      bad.mutable_field_violations()->RemoveLast();
      break;
    }
  }
  wire.add_details()->PackFrom(bad);
}

void AddRetry(const ErrorDetails& details, google::rpc::Status& wire) {
  if (details.retry_after <= absl::ZeroDuration()) return;
  google::rpc::RetryInfo retry;
  const int64_t micros = absl::ToInt64Microseconds(details.retry_after);
  retry.mutable_retry_delay()->set_seconds(micros / 1'000'000);
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(micros % 1'000'000 * 1000));
  wire.add_details()->PackFrom(retry);
}

bool SaidByUs(const absl::Status& status) {
  const auto details = DetailsOf(status);
  return details.has_value() && details->reason != Reason::kInternal;
}

absl::Status Internal(absl::string_view request_id) {
  return Error(Reason::kInternal,
               absl::StrCat("A fault of guestpass. Its log has request id ", request_id, "."),
               {{"request_id", std::string(request_id)}});
}

absl::Status Unavailable(absl::string_view service) {
  return Error(Reason::kServiceUnavailable,
               absl::StrCat("The service ", service, " does not answer. Try again."),
               {{"service", std::string(service)}});
}

// Whether it is this service that was refused, and not the user for whom it asked.
bool RefusesOurselves(const absl::Status& answered) {
  const std::optional<ErrorDetails> details = DetailsOf(answered);
  if (!details.has_value()) return absl::IsUnauthenticated(answered);
  if (details->reason == Reason::kCallerNotAllowed) return details->metadata.contains("service");
  const auto header = details->metadata.find("header");
  return absl::IsUnauthenticated(answered) &&
         (header == details->metadata.end() || header->second != kForwarded);
}

}  // namespace

google::rpc::Status ToWire(const absl::Status& status, absl::string_view request_id) {
  google::rpc::Status wire;
  if (status.ok()) return wire;
  const absl::Status said = SaidByUs(status) ? status : Internal(request_id);
  const ErrorDetails details = *DetailsOf(said);
  wire.set_code(static_cast<int>(said.code()));
  wire.set_message(std::string(said.message().substr(0, kMaxDetails / 4)));
  AddInfo(details, wire);
  AddViolations(details, wire);
  AddRetry(details, wire);
  return wire;
}

grpc::Status ToGrpc(const absl::Status& status, absl::string_view request_id) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status wire = ToWire(status, request_id);
  return grpc::Status(static_cast<grpc::StatusCode>(wire.code()), wire.message(), wire.SerializeAsString());
}

absl::Status FromWire(const google::rpc::Status& wire) {
  ErrorDetails details;
  bool ours = false;
  for (const google::protobuf::Any& any : wire.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::BadRequest bad;
    google::rpc::RetryInfo retry;
    if (any.UnpackTo(&info) && info.domain() == kDomain) {
      const auto reason = ReasonOf(info.reason());
      ours = reason.has_value();
      details.reason = reason.value_or(Reason::kInternal);
      details.metadata = Metadata(info.metadata().begin(), info.metadata().end());
    } else if (any.UnpackTo(&bad)) {
      for (const auto& v : bad.field_violations()) details.violations.push_back({v.field(), v.description()});
    } else if (any.UnpackTo(&retry)) {
      details.retry_after =
          absl::Seconds(retry.retry_delay().seconds()) + absl::Nanoseconds(retry.retry_delay().nanos());
    }
  }
  if (wire.code() == 0) return absl::OkStatus();
  if (!ours) return absl::Status(static_cast<absl::StatusCode>(wire.code()), wire.message());
  return Error(wire.message(), details);
}

absl::Status FromGrpc(const grpc::Status& status) {
  google::rpc::Status wire;
  if (!status.error_details().empty() && wire.ParseFromString(status.error_details())) return FromWire(wire);
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

absl::Status FromGrpc(const grpc::Status& status, absl::string_view service) {
  const absl::Status answered = FromGrpc(status);
  if (RefusesOurselves(answered)) {
    telemetry::Log(telemetry::Severity::kError,
                   absl::StrCat("our own credential was refused by ", service, ": ", answered.message()),
                   {{"service_asked", std::string(service)}});
    return Unavailable(service);
  }
  if (DetailsOf(answered).has_value()) return answered;
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return Unavailable(service);
    default:
      return answered;
  }
}

}  // namespace guestpass::rpc
