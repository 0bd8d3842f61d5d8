// SPDX-License-Identifier: Apache-2.0
#include "common/auth/jose.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <rhonabwy.h>

#include <cstdlib>
#include <memory>

#include "absl/base/call_once.h"

namespace guestpass::auth {
namespace {

constexpr int kNoRemote = R_FLAG_IGNORE_REMOTE;
constexpr unsigned int kLeastRsaBits = 2048;

struct FreeJwk {
  void operator()(jwk_t* jwk) const { r_jwk_free(jwk); }
};
struct FreeJws {
  void operator()(jws_t* jws) const { r_jws_free(jws); }
};
struct FreeText {
  void operator()(char* text) const { r_free(text); }
};
using Jwk = std::unique_ptr<jwk_t, FreeJwk>;
using Jws = std::unique_ptr<jws_t, FreeJws>;
using Text = std::unique_ptr<char, FreeText>;

void StartOnce() {
  static absl::once_flag once;
  absl::call_once(once, [] {
    if (r_global_init() != RHN_OK) std::abort();
  });
}

Jwk EmptyJwk() {
  StartOnce();
  jwk_t* jwk = nullptr;
  if (r_jwk_init(&jwk) != RHN_OK) std::abort();
  return Jwk(jwk);
}

Jws EmptyJws() {
  StartOnce();
  jws_t* jws = nullptr;
  if (r_jws_init(&jws) != RHN_OK) std::abort();
  return Jws(jws);
}

Jwk ParseJwk(const std::string& text) {
  Jwk jwk = EmptyJwk();
  if (r_jwk_import_from_json_str(jwk.get(), text.c_str()) != RHN_OK) jwk.reset();
  return jwk;
}

std::string ToText(const Jwk& jwk) { return Text(r_jwk_export_to_json_str(jwk.get(), 0)).get(); }

jwa_alg AlgOf(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kEs256:
      return R_JWA_ALG_ES256;
    case Algorithm::kRs256:
      return R_JWA_ALG_RS256;
    case Algorithm::kEdDsa:
      return R_JWA_ALG_EDDSA;
  }
  return R_JWA_ALG_UNKNOWN;
}

int KeyTypeOf(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kEs256:
      return R_KEY_TYPE_EC;
    case Algorithm::kRs256:
      return R_KEY_TYPE_RSA;
    case Algorithm::kEdDsa:
      return R_KEY_TYPE_EDDSA;
  }
  return R_KEY_TYPE_NONE;
}

bool IsKey(const Jwk& jwk, Algorithm algorithm, int half) {
  unsigned int bits = 0;
  const int type = r_jwk_key_type(jwk.get(), &bits, kNoRemote);
  return type == (KeyTypeOf(algorithm) | half) && (algorithm != Algorithm::kRs256 || bits >= kLeastRsaBits);
}

}  // namespace

absl::string_view NameOf(Algorithm algorithm) { return r_jwa_alg_to_str(AlgOf(algorithm)); }

std::optional<Algorithm> AlgorithmOf(absl::string_view name) {
  for (const Algorithm algorithm : {Algorithm::kEs256, Algorithm::kRs256, Algorithm::kEdDsa}) {
    if (NameOf(algorithm) == name) return algorithm;
  }
  return std::nullopt;
}

bool IsPublicKey(Algorithm algorithm, const std::string& jwk_text) {
  const Jwk jwk = ParseJwk(jwk_text);
  if (jwk == nullptr || !IsKey(jwk, algorithm, R_KEY_TYPE_PUBLIC)) return false;
  unsigned char der[4096];
  size_t size = sizeof(der);
  if (r_jwk_export_to_pem_der(jwk.get(), R_FORMAT_DER, der, &size, kNoRemote) != RHN_OK) return false;
  // Unlike librhonabwy, OpenSSL looks whether the point is on the curve.
  const unsigned char* begin = der;
  EVP_PKEY* key = d2i_PUBKEY(nullptr, &begin, static_cast<long>(size));
  EVP_PKEY_free(key);
  ERR_clear_error();
  return key != nullptr;
}

bool HasSignature(absl::string_view token, Algorithm algorithm, const std::string& public_jwk) {
  const Jwk jwk = ParseJwk(public_jwk);
  const Jws jws = EmptyJws();
  return jwk != nullptr &&
         r_jws_advanced_compact_parsen(jws.get(), token.data(), token.size(), R_PARSE_NONE, kNoRemote) ==
             RHN_OK &&
         r_jws_get_alg(jws.get()) == AlgOf(algorithm) &&
         r_jws_verify_signature(jws.get(), jwk.get(), kNoRemote) == RHN_OK;
}

KeyPair NewKeyPair(Algorithm algorithm, const std::string& kid) {
  const Jwk private_half = EmptyJwk();
  const Jwk public_half = EmptyJwk();
  const unsigned int bits = algorithm == Algorithm::kRs256 ? kLeastRsaBits : 256;
  if (r_jwk_generate_key_pair(private_half.get(), public_half.get(), KeyTypeOf(algorithm), bits,
                              kid.c_str()) != RHN_OK) {
    std::abort();
  }
  const std::string name(NameOf(algorithm));
  for (jwk_t* half : {private_half.get(), public_half.get()}) {
    if (r_jwk_set_property_str(half, "alg", name.c_str()) != RHN_OK) std::abort();
  }
  return {ToText(private_half), ToText(public_half)};
}

std::optional<std::string> PublicHalf(const std::string& private_jwk) {
  const Jwk private_half = ParseJwk(private_jwk);
  const Jwk public_half = EmptyJwk();
  if (private_half == nullptr ||
      (r_jwk_key_type(private_half.get(), nullptr, kNoRemote) & R_KEY_TYPE_PRIVATE) == 0 ||
      r_jwk_extract_pubkey(private_half.get(), public_half.get(), kNoRemote) != RHN_OK) {
    return std::nullopt;
  }
  return ToText(public_half);
}

std::optional<std::string> Sign(Algorithm algorithm, const std::string& private_jwk,
                                const std::string& header, absl::string_view payload) {
  const Jwk jwk = ParseJwk(private_jwk);
  const Jws jws = EmptyJws();
  if (jwk == nullptr || r_jws_set_full_header_json_str(jws.get(), header.c_str()) != RHN_OK ||
      r_jws_set_alg(jws.get(), AlgOf(algorithm)) != RHN_OK ||
      r_jws_set_payload(jws.get(), reinterpret_cast<const unsigned char*>(payload.data()), payload.size()) !=
          RHN_OK) {
    return std::nullopt;
  }
  const Text token(r_jws_serialize(jws.get(), jwk.get(), kNoRemote));
  if (token == nullptr) return std::nullopt;
  return token.get();
}

}  // namespace guestpass::auth
