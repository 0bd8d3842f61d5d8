// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/types.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "nlohmann/json_fwd.hpp"

// Signatures of JSON Web Tokens and the keys for them, and nothing else of JOSE: three algorithms, by
// OpenSSL. All of it may be called from any thread.
namespace guestpass::auth {

// "ES256", "RS256", "EdDSA".
enum class Algorithm { kEs256, kRs256, kEdDsa };

absl::string_view NameOf(Algorithm algorithm);
std::optional<Algorithm> AlgorithmOf(absl::string_view name);

// What the kind of key that `jwk` says is for, or nothing for kinds that are not used here.
std::optional<Algorithm> AlgorithmOfJwk(const nlohmann::json& jwk);

// The bytes that `text` stands for, or nothing where it is not the one base64url of them: padded, with other
// characters, with bits left over.
std::optional<std::string> DecodeBase64Url(absl::string_view text);

// How much of a pair of keys: the public half, or the private one with it.
enum class Half { kPublic, kPrivate };

// A key for one algorithm. A value that does not change; copies share what OpenSSL has.
class Key {
 public:
  // A new pair. Ends the process where none can be made.
  static Key Create(Algorithm algorithm);

  // What the members of `jwk` say, those of `half` alone: `d` is not looked at for a public key. Nothing
  // where that is no good key for AlgorithmOfJwk: a point beside the curve, RSA of less than 2,048 bits,
  // halves that do not belong together.
  static std::optional<Key> Parse(const nlohmann::json& jwk, Half half);

  // The members that Parse reads, with kty and crv. Ends the process where the private half is asked for and
  // is not there.
  nlohmann::json ToJwk(Half half) const;

  Algorithm algorithm() const { return algorithm_; }

  // The signature of `text` in base64url, or empty where the private half is not there.
  std::string Sign(absl::string_view text) const;

  // Whether Sign could have made `signature` of `text`.
  bool Verifies(absl::string_view text, absl::string_view signature) const;

 private:
  Key(Algorithm algorithm, std::shared_ptr<EVP_PKEY> key) : algorithm_(algorithm), key_(std::move(key)) {}

  Algorithm algorithm_;
  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace guestpass::auth
