// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/paging.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/request_key.h"
#include "common/rpc/stable_bytes.h"
#include "common/status/error.h"
#include "google/protobuf/descriptor.h"

namespace guestpass::rpc {
namespace {

constexpr char kSizeField[] = "page_size";
constexpr char kTokenField[] = "page_token";
constexpr int kUsualSize = 50;
constexpr int kLargestSize = 1000;
constexpr size_t kLongestToken = 2048;

std::string ScopeOf(const Call& call, const google::protobuf::Message& request) {
  constexpr absl::string_view kEnd("\0", 1);
  return absl::StrCat(kTokenField, kEnd, request.GetDescriptor()->full_name(), kEnd, CallerText(call), kEnd,
                      StableBytes(request, {kSizeField, kTokenField}));
}

absl::Status TokenInvalid() {
  return Error(
      "This page_token does not belong to this call: send the last answer's next_page_token with the same "
      "arguments and as the same caller, or leave it empty to begin again.",
      {.reason = Reason::kPageTokenInvalid,
       .violations = {
           {kTokenField, "is not a next_page_token of this list, these arguments and this caller"}}});
}

}  // namespace

absl::StatusOr<Page> ReadPage(const auth::Sealer& sealer, const Call& call,
                              const google::protobuf::Message& request) {
  const auto* size_field = request.GetDescriptor()->FindFieldByName(kSizeField);
  const auto* token_field = request.GetDescriptor()->FindFieldByName(kTokenField);
  if (size_field == nullptr || token_field == nullptr) {
    return Error(Reason::kInternal, absl::StrCat(request.GetDescriptor()->full_name(), " has no pages."));
  }
  const int asked = request.GetReflection()->GetInt32(request, size_field);
  if (asked < 0) return FieldInvalid(kSizeField, "is negative: ask for 1 to 1,000, or leave it 0 for 50");
  Page page{.size = asked == 0 ? kUsualSize : std::min(asked, kLargestSize)};
  const std::string token = request.GetReflection()->GetString(request, token_field);
  if (token.empty()) return page;
  if (token.size() > kLongestToken) return TokenInvalid();
  std::optional<std::string> after = sealer.Open(ScopeOf(call, request), token);
  if (!after.has_value()) return TokenInvalid();
  page.after = *std::move(after);
  return page;
}

std::string NextPageToken(const auth::Sealer& sealer, const Call& call,
                          const google::protobuf::Message& request, absl::string_view after) {
  if (after.empty()) return "";
  return sealer.Seal(ScopeOf(call, request), after);
}

}  // namespace guestpass::rpc
