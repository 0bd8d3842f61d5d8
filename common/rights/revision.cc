// SPDX-License-Identifier: Apache-2.0
#include "common/rights/revision.h"

#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/rights/objects.h"

namespace guestpass::rights {
namespace {

constexpr absl::string_view kFormat = "1";
constexpr size_t kMaxLength = 256;

}  // namespace

std::string RightsRevision::ToString() const {
  if (epoch.empty()) return "";
  return absl::WebSafeBase64Escape(absl::StrCat(kFormat, ":", shard, ":", n, ":", epoch));
}

std::optional<RightsRevision> RightsRevision::Parse(absl::string_view text) {
  std::string plain;
  if (text.size() > kMaxLength || !absl::WebSafeBase64Unescape(text, &plain)) return std::nullopt;
  const std::vector<std::string> parts = absl::StrSplit(plain, absl::MaxSplits(':', 3));
  RightsRevision revision;
  if (parts.size() != 4 || parts[0] != kFormat || parts[3].empty()) return std::nullopt;
  if (!absl::SimpleAtoi(parts[1], &revision.shard) || revision.shard >= kShards) return std::nullopt;
  if (!absl::SimpleAtoi(parts[2], &revision.n)) return std::nullopt;
  revision.epoch = parts[3];
  return revision;
}

}  // namespace guestpass::rights
