// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/auth/shared_keys.h"
#include "common/rights_feed/wire.h"

namespace guestpass::rights_feed {

// A secret that the writers and readers of the bus share.
using Key = auth::SharedKey;

// The first signs, all verify: so a new key is added last everywhere, then put first, then the old one taken
// away.
using Keys = std::vector<Key>;

// Keys from a setting's text. As auth::ParseSharedKeys.
absl::StatusOr<Keys> ParseKeys(absl::string_view text);

// Signs what goes on the bus and verifies what comes from it: HMAC-SHA256 over subject, 0x00, body, so that a
// payload counts on its own subject only. Thread-safe.
class Signer {
 public:
  explicit Signer(Keys keys) : keys_(std::move(keys)) {}  // at least one

  // A serialized guestpass.rights.v1.SignedPayload around `body`.
  std::string Seal(absl::string_view subject, absl::string_view body) const;

  // The body of what Seal made for that subject under one of the keys. UNAUTHENTICATED for anything else.
  absl::StatusOr<std::string> Open(absl::string_view subject, absl::string_view bytes) const;

  // Rights entries as they are published on RightsSubject(entries.shard), and back. UNAUTHENTICATED as Open;
  // INTERNAL for a body that is malformed or of another shard than the subject's.
  std::string SealEntries(const Entries& entries) const;
  absl::StatusOr<Entries> OpenEntries(absl::string_view subject, absl::string_view bytes) const;

 private:
  Keys keys_;
};

// The signer of a setting's keys. As ParseKeys.
absl::StatusOr<Signer> ParseSigner(absl::string_view text);

inline constexpr absl::string_view kAllRightsSubjects = "guestpass.rights.>";
std::string RightsSubject(uint32_t shard);    // "guestpass.rights.<shard>"
std::string MessagesSubject(uint32_t shard);  // "guestpass.messages.<shard>"

}  // namespace guestpass::rights_feed
