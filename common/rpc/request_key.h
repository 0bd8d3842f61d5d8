// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/rpc/call.h"
#include "google/protobuf/message.h"

// A mutation's `request_id`, by which sending it again gets the same answer (A4). It is not the
// `x-request-id` of the logs. Pure.
namespace guestpass::rpc {

// What an answer is remembered under: caller, method and id; and what the request must be to get it. A value.
struct RequestKey {
  std::string caller;  // CallerText
  std::string method;  // the request message's full name, of which each method has its own
  std::string id;
  std::string hash;  // of the request without its id: 52 characters of a-z and 2-7

  friend bool operator==(const RequestKey&, const RequestKey&) = default;
};

// Who calls, as "<user id>/<service>", either of them empty where there is none.
std::string CallerText(const Call& call);

// The key of `request`, or nothing where it has no request_id. FIELD_INVALID where that is other than 1 to
// 128 printable ASCII characters without blanks.
absl::StatusOr<std::optional<RequestKey>> ReadRequestKey(const Call& call,
                                                         const google::protobuf::Message& request);

}  // namespace guestpass::rpc
