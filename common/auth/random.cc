// SPDX-License-Identifier: Apache-2.0
#include "common/auth/random.h"

#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstdint>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "common/auth/openssl.h"

namespace guestpass::auth {
namespace {

constexpr char kAlphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
constexpr size_t kHashBytes = 32;

}  // namespace

std::string Base32(absl::string_view bytes) {
  std::string text;
  uint32_t bits = 0;
  int held = 0;
  for (const char byte : bytes) {
    bits = (bits << 8 | static_cast<unsigned char>(byte)) & 0xffff;
    for (held += 8; held >= 5; held -= 5) text += kAlphabet[bits >> (held - 5) & 31];
  }
  if (held > 0) text += kAlphabet[bits << (5 - held) & 31];
  return text;
}

std::string RandomBytes(size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(Bytes(bytes), static_cast<int>(count)) != 1) std::abort();
  return bytes;
}

std::string NewSecret() { return Base32(RandomBytes(32)); }

UserId UserIdOf(absl::string_view iss, absl::string_view sub) {
  const std::string hash = Sha256(absl::StrCat(iss, absl::string_view("\0", 1), sub));
  return *UserId::Parse(Base32(hash).substr(0, UserId::kLength));
}

std::string Sha256(absl::string_view data) {
  std::string hash(kHashBytes, '\0');
  if (EVP_Digest(data.data(), data.size(), Bytes(hash), nullptr, EVP_sha256(), nullptr) != 1) std::abort();
  return hash;
}

std::string HmacSha256(absl::string_view key, absl::string_view data) {
  // An empty key of a null pointer would mean "the key of last time" to OpenSSL.
  const char* key_bytes = key.empty() ? "" : key.data();
  std::string mac(kHashBytes, '\0');
  if (HMAC(EVP_sha256(), key_bytes, static_cast<int>(key.size()), Bytes(data), data.size(), Bytes(mac),
           nullptr) == nullptr) {
    std::abort();
  }
  return mac;
}

bool ConstantTimeEquals(absl::string_view a, absl::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace guestpass::auth
