// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/request_key.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/auth/random.h"
#include "common/rpc/stable_bytes.h"
#include "common/status/error.h"
#include "google/protobuf/descriptor.h"

namespace guestpass::rpc {
namespace {

constexpr char kField[] = "request_id";
constexpr size_t kLongest = 128;

bool IsRequestId(absl::string_view text) {
  return text.size() <= kLongest && std::all_of(text.begin(), text.end(), absl::ascii_isgraph);
}

}  // namespace

std::string CallerText(const Call& call) {
  const auto& user = call.caller.user;
  return absl::StrCat(user.has_value() ? user->user.text() : "", "/", call.caller.service);
}

absl::StatusOr<std::optional<RequestKey>> ReadRequestKey(const Call& call,
                                                         const google::protobuf::Message& request) {
  const auto* field = request.GetDescriptor()->FindFieldByName(kField);
  if (field == nullptr) return std::nullopt;
  std::string id = request.GetReflection()->GetString(request, field);
  if (id.empty()) return std::nullopt;
  if (!IsRequestId(id)) {
    return FieldInvalid(kField, "is not 1 to 128 printable ASCII characters without blanks: a UUID does");
  }
  return RequestKey{.caller = CallerText(call),
                    .method = request.GetDescriptor()->full_name(),
                    .id = std::move(id),
                    .hash = auth::Base32(auth::Sha256(StableBytes(request, {kField})))};
}

}  // namespace guestpass::rpc
