// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

// Etags, by which an update says what it was made for (A5). Pure.
namespace guestpass::rpc {

// The etag of what is stored: a content etag, the same for equal messages and in every replica, 26 characters
// of a-z and 2-7. `stored_fields` holds what changes when somebody changes it: no etag, nothing that only the
// clock moves.
std::string EtagOf(const google::protobuf::Message& stored_fields);

// OK where the caller gave none or the current one, else ETAG_MISMATCH.
absl::Status CheckEtag(absl::string_view given, absl::string_view current);

}  // namespace guestpass::rpc
