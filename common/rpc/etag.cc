// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/etag.h"

#include "common/auth/random.h"
#include "common/rpc/stable_bytes.h"
#include "common/status/error.h"

namespace guestpass::rpc {
namespace {

constexpr size_t kLength = 26;  // 130 bits: two contents of one object do not meet by chance

}  // namespace

std::string EtagOf(const google::protobuf::Message& stored_fields) {
  return auth::Base32(auth::Sha256(StableBytes(stored_fields))).substr(0, kLength);
}

absl::Status CheckEtag(absl::string_view given, absl::string_view current) {
  if (given.empty() || given == current) return absl::OkStatus();
  return Error(Reason::kEtagMismatch,
               "This was changed since you read it: read it again, and send your change with the new etag.");
}

}  // namespace guestpass::rpc
