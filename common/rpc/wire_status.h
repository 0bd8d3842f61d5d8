// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"

// Between our errors and the wire's: the one place that knows google.rpc's details. Pure, but for one log
// line.
namespace guestpass::rpc {

// An error as callers get it: ErrorInfo (domain guestpass.dev), BadRequest (20 violations at most),
// RetryInfo; 4 KiB of details at most, because they travel in trailers. What was not made by Error() is a
// fault of ours: INTERNAL, saying nothing but the request id.
google::rpc::Status ToWire(const absl::Status& status, absl::string_view request_id);

// The same as gRPC carries it.
grpc::Status ToGrpc(const absl::Status& status, absl::string_view request_id);

// The error that one's own call was answered with, as it was made there; without details where gRPC made it.
absl::Status FromGrpc(const grpc::Status& status);

// The same where this service asked `service`, for a user or for itself; where none answered, UNAVAILABLE
// SERVICE_UNAVAILABLE {service}. So too where this service's own credential was refused, which says nothing
// of the user's: the reason is logged as an error. What is said of the forwarded token comes through.
absl::Status FromGrpc(const grpc::Status& status, absl::string_view service);

// An error out of a frame.
absl::Status FromWire(const google::rpc::Status& status);

}  // namespace guestpass::rpc
