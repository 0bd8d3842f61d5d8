// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/auth/identity.h"
#include "common/auth/key_set.h"

namespace guestpass::auth {

// Says whom a token speaks for. Tokens are JWTs in compact form of at most 8 KiB, signed by ES256, RS256 or
// EdDSA with a key of the key set, from one issuer and for one audience. What was verified is kept by the
// token's SHA-256, 10,000 tokens at most and the oldest dropped first, until `exp` or until the key set
// changes. Thread-safe.
class TokenVerifier {
 public:
  // `keys` outlives this.
  TokenVerifier(KeySetSource& keys, std::string issuer, std::string audience)
      : keys_(keys), issuer_(std::move(issuer)), audience_(std::move(audience)) {}

  // Whom `token` speaks for at `now`. The first that applies of:
  // TOKEN_MALFORMED: no JWT; too long; its header asks for what is not understood (crit, b64, zip);
  // TOKEN_ALGORITHM: `none`, another algorithm, or one that the named key is not for;
  // TOKEN_SIGNATURE: an unknown key, or not signed with the key;
  // TOKEN_MALFORMED: a claim of the wrong shape; no `exp`; no `sub`, or one over 255 bytes;
  // TOKEN_ISSUER, TOKEN_AUDIENCE: not from there, or not for here;
  // TOKEN_EXPIRED: `exp` is at or before `now` (no leeway), or `nbf` after it.
  absl::StatusOr<Identity> Verify(absl::string_view token, absl::Time now);

  // How many verified tokens are kept now.
  size_t kept();

 private:
  absl::StatusOr<Identity> VerifyAnew(absl::string_view token, std::shared_ptr<const KeySet>& keys,
                                      absl::Time now);
  absl::StatusOr<Identity> JudgeClaims(absl::string_view payload, absl::Time now) const;
  std::optional<Identity> Known(const std::string& hash, const std::shared_ptr<const KeySet>& keys);
  void Keep(const std::string& hash, const Identity& identity, const std::shared_ptr<const KeySet>& keys);

  KeySetSource& keys_;
  const std::string issuer_;
  const std::string audience_;

  absl::Mutex mutex_;
  std::shared_ptr<const KeySet> known_by_ ABSL_GUARDED_BY(mutex_);  // what `known_` was verified with
  absl::flat_hash_map<std::string, Identity> known_ ABSL_GUARDED_BY(mutex_);
  std::deque<std::string> oldest_first_ ABSL_GUARDED_BY(mutex_);  // the keys of `known_`
};

}  // namespace guestpass::auth
