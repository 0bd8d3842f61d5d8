// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "common/rights/ids.h"

// Ids, secrets and hashes. All of it may be called from any thread. A machine without randomness or memory
// for a hash cannot go on safely: the process ends.
namespace guestpass::auth {

// `bytes` in base32 as RFC 4648 has it, in lower case and without padding.
std::string Base32(absl::string_view bytes);

// That many random bytes, fit for keys.
std::string RandomBytes(size_t count);

// A new id of 128 random bits: NewId<InviteId>().
template <typename IdType>
IdType NewId() {
  return *IdType::Parse(Base32(RandomBytes(16)));
}

// A new secret: 256 random bits as 52 characters of a-z and 2-7.
std::string NewSecret();

// The user that is `sub` at the issuer `iss`: the first 26 characters of Base32(SHA-256(iss, 0x00, sub)).
UserId UserIdOf(absl::string_view iss, absl::string_view sub);

// 32 raw bytes each.
std::string Sha256(absl::string_view data);
std::string HmacSha256(absl::string_view key, absl::string_view data);

// Whether both are the same, in a time that depends on their lengths only.
bool ConstantTimeEquals(absl::string_view a, absl::string_view b);

}  // namespace guestpass::auth
