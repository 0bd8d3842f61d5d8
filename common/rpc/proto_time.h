// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

// Times between the wire and the code. The code counts in whole microseconds, as the databases do. Pure.
namespace guestpass::rpc {

google::protobuf::Timestamp ToProto(absl::Time time);
google::protobuf::Duration ToProto(absl::Duration duration);

// FIELD_INVALID outside the years 1 to 9999, and for what is no whole number of microseconds.
absl::StatusOr<absl::Time> FromProto(absl::string_view field, const google::protobuf::Timestamp& time);

// FIELD_INVALID beyond 10,000 years, where seconds and nanos differ in sign, and for what is no whole number
// of microseconds.
absl::StatusOr<absl::Duration> FromProto(absl::string_view field, const google::protobuf::Duration& duration);

}  // namespace guestpass::rpc
