// SPDX-License-Identifier: Apache-2.0
#include "common/rights_feed/signed_payload.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/auth/random.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace guestpass::rights_feed {
namespace {

std::string Mac(const Key& key, absl::string_view subject, absl::string_view body) {
  return auth::HmacSha256(key.secret, absl::StrCat(subject, absl::string_view("\0", 1), body));
}

absl::Status NotGenuine() {
  return absl::UnauthenticatedError(
      "A message on the bus is not genuine: do all services have the same keys?");
}

}  // namespace

absl::StatusOr<Keys> ParseKeys(absl::string_view text) { return auth::ParseSharedKeys("bus keys", text); }

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
