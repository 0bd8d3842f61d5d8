// SPDX-License-Identifier: Apache-2.0
#include "common/rights_feed/signed_payload.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/auth/random.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace guestpass::rights_feed {
namespace {

constexpr size_t kShortestSecret = 32;
constexpr absl::string_view kRule =
    "write them as id:secret[,id:secret...], each secret at least 32 random bytes in hex or base64 "
    "(openssl rand -hex 32)";

absl::Status BadKeys(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("The bus keys cannot be read: ", what, "; ", kRule, "."));
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

std::string Mac(const Key& key, absl::string_view subject, absl::string_view body) {
  return auth::HmacSha256(key.secret, absl::StrCat(subject, absl::string_view("\0", 1), body));
}

absl::Status NotGenuine() {
  return absl::UnauthenticatedError(
      "A message on the bus is not genuine: do all services have the same keys?");
}

}  // namespace

absl::StatusOr<Keys> ParseKeys(absl::string_view text) {
  Keys keys;
  for (absl::string_view item : absl::StrSplit(absl::StripAsciiWhitespace(text), ',')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(absl::StripAsciiWhitespace(item), absl::MaxSplits(':', 1));
    if (!IsKeyId(parts.first)) return BadKeys("an id is missing or has other than letters, digits, '-', '_'");
    const std::optional<std::string> secret = DecodeSecret(parts.second);
    if (!secret.has_value()) return BadKeys(absl::StrCat("the secret of '", parts.first, "' is neither"));
    if (secret->size() < kShortestSecret) {
      return BadKeys(absl::StrCat("the secret of '", parts.first, "' is too short"));
    }
    const auto same_id = [&](const Key& key) { return key.id == parts.first; };
    if (std::any_of(keys.begin(), keys.end(), same_id)) {
      return BadKeys(absl::StrCat("'", parts.first, "' is there twice"));
    }
    keys.push_back({.id = std::string(parts.first), .secret = *secret});
  }
  return keys;
}

std::string Signer::Seal(absl::string_view subject, absl::string_view body) const {
  rights::v1::SignedPayload payload;
  payload.set_body(std::string(body));
  payload.set_key_id(keys_.front().id);
  payload.set_mac(Mac(keys_.front(), subject, body));
  return payload.SerializeAsString();
}

absl::StatusOr<std::string> Signer::Open(absl::string_view subject, absl::string_view bytes) const {
  rights::v1::SignedPayload payload;
  if (!payload.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return NotGenuine();
  const auto key =
      std::find_if(keys_.begin(), keys_.end(), [&](const Key& k) { return k.id == payload.key_id(); });
  if (key == keys_.end()) return NotGenuine();
  if (!auth::ConstantTimeEquals(Mac(*key, subject, payload.body()), payload.mac())) return NotGenuine();
  return std::move(*payload.mutable_body());
}

std::string Signer::SealEntries(const Entries& entries) const {
  return Seal(RightsSubject(entries.shard), ToProto(entries).SerializeAsString());
}

absl::StatusOr<Entries> Signer::OpenEntries(absl::string_view subject, absl::string_view bytes) const {
  ASSIGN_OR_RETURN(const std::string body, Open(subject, bytes));
  rights::v1::RightsEntries message;
  if (!message.ParseFromString(body)) return Error(Reason::kInternal, "Rights entries cannot be read.");
  ASSIGN_OR_RETURN(Entries entries, FromProto(message));
  if (RightsSubject(entries.shard) != subject) {
    return Error(Reason::kInternal, "Rights entries came on another shard's subject.");
  }
  return entries;
}

absl::StatusOr<Signer> ParseSigner(absl::string_view text) {
  ASSIGN_OR_RETURN(Keys keys, ParseKeys(text));
  return Signer(std::move(keys));
}

std::string RightsSubject(uint32_t shard) { return absl::StrCat("guestpass.rights.", shard); }

std::string MessagesSubject(uint32_t shard) { return absl::StrCat("guestpass.messages.", shard); }

}  // namespace guestpass::rights_feed
