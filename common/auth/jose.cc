// SPDX-License-Identifier: Apache-2.0
#include "common/auth/jose.h"

#include <openssl/core_names.h>

#include <algorithm>
#include <deque>
#include <iterator>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/auth/openssl.h"
#include "nlohmann/json.hpp"

namespace guestpass::auth {
namespace {

using Json = nlohmann::json;

constexpr char kCurve[] = "P-256";
constexpr int kCurveBytes = 32;  // of a coordinate, and of each number of a signature
constexpr int kLeastRsaBits = 2048;
constexpr size_t kEd25519Bytes = 32;

struct Kind {
  Algorithm algorithm;
  const char* name;  // in the header of a token
  const char* kty;
  const char* crv;   // null: none
  const char* type;  // to OpenSSL
};
constexpr Kind kKinds[] = {{Algorithm::kEs256, "ES256", "EC", kCurve, "EC"},
                           {Algorithm::kRs256, "RS256", "RSA", nullptr, "RSA"},
                           {Algorithm::kEdDsa, "EdDSA", "OKP", "Ed25519", "ED25519"}};

const Kind& KindOf(Algorithm algorithm) {
  return *std::find_if(std::begin(kKinds), std::end(kKinds),
                       [=](const Kind& kind) { return kind.algorithm == algorithm; });
}

bool Says(const Json& jwk, const char* name, const char* value) {
  const auto found = jwk.find(name);
  return value == nullptr || (found != jwk.end() && *found == value);
}

BIGNUM* NewNumber(absl::string_view bytes) {
  return BN_bin2bn(Bytes(bytes), static_cast<int>(bytes.size()), nullptr);
}

// Big-endian, with zeros in front up to `least` bytes.
std::string BytesOf(const BIGNUM* number, int least) {
  std::string bytes(std::max(least, BN_num_bytes(number)), '\0');
  Must(BN_bn2binpad(number, Bytes(bytes), static_cast<int>(bytes.size())) >= 0);
  return bytes;
}

// Gathers from the members of a JSON Web Key what OpenSSL makes a key of.
class KeyBuilder {
 public:
  explicit KeyBuilder(const Json& jwk) : jwk_(jwk), builder_(OSSL_PARAM_BLD_new()) {}

  void AddCurve() {
    Must(OSSL_PARAM_BLD_push_utf8_string(builder_.get(), OSSL_PKEY_PARAM_GROUP_NAME, kCurve, 0) == 1);
  }

  void AddNumber(const char* name, const char* member) {
    const BIGNUM* number = numbers_.emplace_back(NewNumber(BytesIn(member))).get();
    Must(OSSL_PARAM_BLD_push_BN(builder_.get(), name, number) == 1);
  }

  void AddBytes(const char* name, const char* member) { Add(name, BytesIn(member)); }

  void AddPoint(const char* name) { Add(name, absl::StrCat("\x04", CoordinateIn("x"), CoordinateIn("y"))); }

  // Null where a member was missing or broken, or where OpenSSL finds the public half to be no key.
  std::shared_ptr<EVP_PKEY> Build(const char* type, Half half) {
    if (!complete_) return nullptr;
    const int selection = half == Half::kPublic ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR;
    const Owned<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(builder_.get()));
    const Owned<EVP_PKEY_CTX> maker(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
    EVP_PKEY* made = nullptr;
    if (EVP_PKEY_fromdata_init(maker.get()) != 1 ||
        EVP_PKEY_fromdata(maker.get(), &made, selection, parameters.get()) != 1) {
      return nullptr;
    }
    std::shared_ptr<EVP_PKEY> key(made, Free());
    const Owned<EVP_PKEY_CTX> checker(EVP_PKEY_CTX_new_from_pkey(nullptr, made, nullptr));
    return EVP_PKEY_public_check(checker.get()) == 1 ? key : nullptr;
  }

 private:
  void Add(const char* name, std::string bytes) {
    const std::string& kept = kept_.emplace_back(std::move(bytes));
    Must(OSSL_PARAM_BLD_push_octet_string(builder_.get(), name, kept.data(), kept.size()) == 1);
  }

  // Of as many bytes as the curve has: some issuers leave out zeros in front, others add one.
  std::string CoordinateIn(const char* member) {
    return BytesOf(Owned<BIGNUM>(NewNumber(BytesIn(member))).get(), kCurveBytes);
  }

  std::string BytesIn(const char* member) {
    const auto found = jwk_.find(member);
    const bool is_text = found != jwk_.end() && found->is_string();
    const std::string bytes = is_text ? DecodeBase64Url(found->get<std::string>()).value_or("") : "";
    complete_ = complete_ && !bytes.empty();
    return bytes;
  }

  const Json& jwk_;
  bool complete_ = true;
  Owned<OSSL_PARAM_BLD> builder_;  // points into what follows
  std::deque<std::string> kept_;
  std::deque<Owned<BIGNUM>> numbers_;
};

std::string NumberOf(EVP_PKEY* key, const char* name, int least) {
  BIGNUM* number = nullptr;
  Must(EVP_PKEY_get_bn_param(key, name, &number) == 1);
  return absl::WebSafeBase64Escape(BytesOf(Owned<BIGNUM>(number).get(), least));
}

std::string Ed25519Of(EVP_PKEY* key, const char* name) {
  std::string bytes(kEd25519Bytes, '\0');
  Must(EVP_PKEY_get_octet_string_param(key, name, Bytes(bytes), bytes.size(), nullptr) == 1);
  return absl::WebSafeBase64Escape(bytes);
}

const EVP_MD* DigestOf(Algorithm algorithm) {
  return algorithm == Algorithm::kEdDsa ? nullptr : EVP_sha256();
}

// A token has the two numbers of an ES256 signature side by side; OpenSSL has them in DER.
std::optional<std::string> ToDer(absl::string_view numbers) {
  if (numbers.size() != 2 * kCurveBytes) return std::nullopt;
  const Owned<ECDSA_SIG> signature(ECDSA_SIG_new());
  Must(ECDSA_SIG_set0(signature.get(), NewNumber(numbers.substr(0, kCurveBytes)),
                      NewNumber(numbers.substr(kCurveBytes))) == 1);
  std::string der(i2d_ECDSA_SIG(signature.get(), nullptr), '\0');
  unsigned char* begin = Bytes(der);
  i2d_ECDSA_SIG(signature.get(), &begin);
  return der;
}

std::string FromDer(absl::string_view der) {
  const unsigned char* begin = Bytes(der);
  const Owned<ECDSA_SIG> signature(d2i_ECDSA_SIG(nullptr, &begin, static_cast<long>(der.size())));
  Must(signature != nullptr);
  return absl::StrCat(BytesOf(ECDSA_SIG_get0_r(signature.get()), kCurveBytes),
                      BytesOf(ECDSA_SIG_get0_s(signature.get()), kCurveBytes));
}

}  // namespace

absl::string_view NameOf(Algorithm algorithm) { return KindOf(algorithm).name; }

std::optional<Algorithm> AlgorithmOf(absl::string_view name) {
  for (const Kind& kind : kKinds) {
    if (kind.name == name) return kind.algorithm;
  }
  return std::nullopt;
}

std::optional<Algorithm> AlgorithmOfJwk(const Json& jwk) {
  for (const Kind& kind : kKinds) {
    if (Says(jwk, "kty", kind.kty) && Says(jwk, "crv", kind.crv)) return kind.algorithm;
  }
  return std::nullopt;
}

std::optional<std::string> DecodeBase64Url(absl::string_view text) {
  std::string bytes;
  if (!absl::WebSafeBase64Unescape(text, &bytes) || absl::WebSafeBase64Escape(bytes) != text) {
    return std::nullopt;
  }
  return bytes;
}

Key Key::Create(Algorithm algorithm) {
  EVP_PKEY* key = nullptr;
  switch (algorithm) {
    case Algorithm::kEs256:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", kCurve);
      break;
    case Algorithm::kRs256:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{kLeastRsaBits});
      break;
    case Algorithm::kEdDsa:
      key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
      break;
  }
  Must(key != nullptr);
  return Key(algorithm, std::shared_ptr<EVP_PKEY>(key, Free()));
}

std::optional<Key> Key::Parse(const Json& jwk, Half half) {
  const ErrorsEndHere errors_end_here;
  const std::optional<Algorithm> algorithm = AlgorithmOfJwk(jwk);
  if (!algorithm.has_value()) return std::nullopt;
  const bool both = half == Half::kPrivate;
  KeyBuilder builder(jwk);
  switch (*algorithm) {
    case Algorithm::kEs256:
      builder.AddCurve();
      builder.AddPoint(OSSL_PKEY_PARAM_PUB_KEY);
      if (both) builder.AddNumber(OSSL_PKEY_PARAM_PRIV_KEY, "d");
      break;
    case Algorithm::kRs256:
      builder.AddNumber(OSSL_PKEY_PARAM_RSA_N, "n");
      builder.AddNumber(OSSL_PKEY_PARAM_RSA_E, "e");
      if (both) builder.AddNumber(OSSL_PKEY_PARAM_RSA_D, "d");
      break;
    case Algorithm::kEdDsa:
      builder.AddBytes(OSSL_PKEY_PARAM_PUB_KEY, "x");
      if (both) builder.AddBytes(OSSL_PKEY_PARAM_PRIV_KEY, "d");
      break;
  }
  const std::shared_ptr<EVP_PKEY> built = builder.Build(KindOf(*algorithm).type, half);
  if (built == nullptr) return std::nullopt;
  if (algorithm == Algorithm::kRs256 && EVP_PKEY_get_bits(built.get()) < kLeastRsaBits) return std::nullopt;
  const Key key(*algorithm, built);
  if (both && !key.Verifies("", key.Sign(""))) return std::nullopt;
  return key;
}

Json Key::ToJwk(Half half) const {
  const bool both = half == Half::kPrivate;
  const Kind& kind = KindOf(algorithm_);
  EVP_PKEY* key = key_.get();
  Json jwk = {{"kty", kind.kty}};
  if (kind.crv != nullptr) jwk["crv"] = kind.crv;
  switch (algorithm_) {
    case Algorithm::kEs256:
      jwk["x"] = NumberOf(key, OSSL_PKEY_PARAM_EC_PUB_X, kCurveBytes);
      jwk["y"] = NumberOf(key, OSSL_PKEY_PARAM_EC_PUB_Y, kCurveBytes);
      if (both) jwk["d"] = NumberOf(key, OSSL_PKEY_PARAM_PRIV_KEY, kCurveBytes);
      break;
    case Algorithm::kRs256:
      jwk["n"] = NumberOf(key, OSSL_PKEY_PARAM_RSA_N, 0);
      jwk["e"] = NumberOf(key, OSSL_PKEY_PARAM_RSA_E, 0);
      if (both) jwk["d"] = NumberOf(key, OSSL_PKEY_PARAM_RSA_D, 0);
      break;
    case Algorithm::kEdDsa:
      jwk["x"] = Ed25519Of(key, OSSL_PKEY_PARAM_PUB_KEY);
      if (both) jwk["d"] = Ed25519Of(key, OSSL_PKEY_PARAM_PRIV_KEY);
      break;
  }
  return jwk;
}

std::string Key::Sign(absl::string_view text) const {
  const ErrorsEndHere errors_end_here;
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  std::string signature(EVP_PKEY_get_size(key_.get()), '\0');
  size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, DigestOf(algorithm_), nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), Bytes(signature), &size, Bytes(text), text.size()) != 1) {
    return "";
  }
  signature.resize(size);
  return absl::WebSafeBase64Escape(algorithm_ == Algorithm::kEs256 ? FromDer(signature) : signature);
}

bool Key::Verifies(absl::string_view text, absl::string_view signature) const {
  const ErrorsEndHere errors_end_here;
  std::optional<std::string> bytes = DecodeBase64Url(signature);
  if (bytes.has_value() && algorithm_ == Algorithm::kEs256) bytes = ToDer(*bytes);
  if (!bytes.has_value()) return false;
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(context.get(), nullptr, DigestOf(algorithm_), nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), Bytes(absl::string_view(*bytes)), bytes->size(), Bytes(text),
                          text.size()) == 1;
}

}  // namespace guestpass::auth
