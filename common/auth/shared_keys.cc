// SPDX-License-Identifier: Apache-2.0
#include "common/auth/shared_keys.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace guestpass::auth {
namespace {

constexpr size_t kShortestSecret = 32;
constexpr absl::string_view kRule =
    "write them as id:secret[,id:secret...], each secret at least 32 random bytes in hex or base64 "
    "(openssl rand -hex 32)";

absl::Status BadKeys(absl::string_view what, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("The ", what, " cannot be read: ", why, "; ", kRule, "."));
}

std::optional<std::string> DecodeSecret(absl::string_view text) {
  const auto is_hex = [](char c) { return absl::ascii_isxdigit(c); };
  if (text.size() % 2 == 0 && std::all_of(text.begin(), text.end(), is_hex)) {
    return absl::HexStringToBytes(text);
  }
  std::string secret;
  if (absl::Base64Unescape(text, &secret) || absl::WebSafeBase64Unescape(text, &secret)) return secret;
  return std::nullopt;
}

bool IsKeyId(absl::string_view id) {
  return !id.empty() && std::all_of(id.begin(), id.end(),
                                    [](char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_'; });
}

}  // namespace

absl::StatusOr<std::vector<SharedKey>> ParseSharedKeys(absl::string_view what, absl::string_view text) {
  std::vector<SharedKey> keys;
  for (absl::string_view item : absl::StrSplit(absl::StripAsciiWhitespace(text), ',')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(absl::StripAsciiWhitespace(item), absl::MaxSplits(':', 1));
    if (!IsKeyId(parts.first))
      return BadKeys(what, "an id is missing or has other than letters, digits, '-', '_'");
    const std::optional<std::string> secret = DecodeSecret(parts.second);
    if (!secret.has_value())
      return BadKeys(what, absl::StrCat("the secret of '", parts.first, "' is neither"));
    if (secret->size() < kShortestSecret) {
      return BadKeys(what, absl::StrCat("the secret of '", parts.first, "' is too short"));
    }
    const auto same_id = [&](const SharedKey& key) { return key.id == parts.first; };
    if (std::any_of(keys.begin(), keys.end(), same_id)) {
      return BadKeys(what, absl::StrCat("'", parts.first, "' is there twice"));
    }
    keys.push_back({.id = std::string(parts.first), .secret = *secret});
  }
  return keys;
}

}  // namespace guestpass::auth
