// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/auth/jose.h"

namespace guestpass::auth {

inline constexpr char kDevelopmentIssuer[] = "https://issuer.guestpass.test";
inline constexpr char kDevelopmentAudience[] = "guestpass";

// What a token is to say.
struct TokenClaims {
  std::string subject;
  std::string email;  // empty: none
  bool email_verified = false;
  std::string service;  // empty: a user's token
  bool is_operator = false;
  std::string issuer = kDevelopmentIssuer;
  std::string audience = kDevelopmentAudience;
  absl::Time issue_time;   // whole seconds, what is beyond is dropped
  absl::Time expire_time;  // likewise
};

// Makes tokens, for development and tests only: production has an identity provider. A value; any number of
// threads may mint.
class Issuer {
 public:
  // An issuer with a new key, which nobody else has.
  static Issuer Create(Algorithm algorithm = Algorithm::kEs256);

  // The issuer whose key is in `directory`: issuer.jwk, the private key, mode 0600, and jwks.json, the key
  // set that services verify with. Makes what is missing, the directory too; any number of processes may do
  // so at once. FAILED_PRECONDITION with a sentence where that fails or where the key is broken.
  static absl::StatusOr<Issuer> LoadOrCreate(const std::string& directory);

  // A token in compact form.
  std::string Mint(const TokenClaims& claims) const;

  // `payload` signed under `header`, whatever they say, but `alg` is this issuer's: for tokens that must be
  // refused. Empty where the header is no JSON object.
  std::string SignAsIs(const std::string& header, absl::string_view payload) const;

  const std::string& kid() const { return kid_; }
  std::string public_jwk() const { return ToJwk(Half::kPublic); }

  // The key set of this issuer's key alone.
  std::string Jwks() const;

 private:
  Issuer(std::string kid, Key key) : kid_(std::move(kid)), key_(std::move(key)) {}

  static absl::StatusOr<Issuer> FromPrivateJwk(const std::string& jwk);
  std::string ToJwk(Half half) const;

  std::string kid_;
  Key key_;
};

}  // namespace guestpass::auth
