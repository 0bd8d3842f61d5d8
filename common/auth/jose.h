// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

// Signatures of JSON Web Tokens, and nothing else of JOSE: three algorithms, keys as JWK texts, by
// librhonabwy with everything off that would fetch a key from the network or take one from a token. All of it
// may be called from any thread.
namespace guestpass::auth {

// "ES256", "RS256", "EdDSA".
enum class Algorithm { kEs256, kRs256, kEdDsa };

absl::string_view NameOf(Algorithm algorithm);
std::optional<Algorithm> AlgorithmOf(absl::string_view name);

// Whether `jwk` is a public key that `algorithm` can be verified with: a point on its curve, RSA of at least
// 2,048 bits.
bool IsPublicKey(Algorithm algorithm, const std::string& jwk);

// Whether `token`, in compact form, names `algorithm` and is signed with the private half of `public_jwk`.
bool HasSignature(absl::string_view token, Algorithm algorithm, const std::string& public_jwk);

struct KeyPair {
  std::string private_jwk;
  std::string public_jwk;
};

// A new pair of keys with `kid` and `alg` in both. Ends the process where none can be made.
KeyPair NewKeyPair(Algorithm algorithm, const std::string& kid);

// The public half of `private_jwk`, or nothing if that is no private key.
std::optional<std::string> PublicHalf(const std::string& private_jwk);

// The compact form of `payload` signed with `private_jwk`, `header` being the JSON that goes before it, or
// nothing where that cannot be done.
std::optional<std::string> Sign(Algorithm algorithm, const std::string& private_jwk,
                                const std::string& header, absl::string_view payload);

}  // namespace guestpass::auth
