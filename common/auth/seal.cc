// SPDX-License-Identifier: Apache-2.0
#include "common/auth/seal.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/auth/random.h"

namespace guestpass::auth {
namespace {

constexpr absl::string_view kLabel = "guestpass.sealing-key";
constexpr absl::string_view kEnd("\0", 1);
constexpr size_t kShortestSecret = 32;
constexpr size_t kSaltBytes = 16;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr absl::string_view kRule =
    "write them as id:secret[,id:secret...], each secret at least 32 random bytes in hex or base64 "
    "(openssl rand -hex 32)";

absl::Status BadKeys(absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("The sealing keys cannot be read: ", what, "; ", kRule, "."));
}

std::optional<std::string> DecodeSecret(absl::string_view text) {
  const auto is_hex = [](char c) { return absl::ascii_isxdigit(c); };
  if (text.size() % 2 == 0 && std::all_of(text.begin(), text.end(), is_hex)) {
    return absl::HexStringToBytes(text);
  }
  std::string secret;
  if (absl::Base64Unescape(text, &secret) || absl::WebSafeBase64Unescape(text, &secret)) return secret;
  return std::nullopt;
}

bool IsKeyId(absl::string_view id) {
  return !id.empty() && std::all_of(id.begin(), id.end(),
                                    [](char c) { return absl::ascii_isalnum(c) || c == '-' || c == '_'; });
}

const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* Bytes(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

enum Direction { kOpens = 0, kSeals = 1 };

// Each text has a key of its own, of the salt: random nonces under one key alone would wear it out after
// 2^32.
Context Begin(Direction direction, absl::string_view key, absl::string_view salt_and_nonce,
              absl::string_view additional) {
  const std::string own_key = HmacSha256(key, salt_and_nonce.substr(0, kSaltBytes));
  const absl::string_view nonce = salt_and_nonce.substr(kSaltBytes, kNonceBytes);
  Context context(EVP_CIPHER_CTX_new());
  int size = 0;
  if (context == nullptr ||
      EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, Bytes(absl::string_view(own_key)),
                        Bytes(nonce), direction) != 1 ||
      EVP_CipherUpdate(context.get(), nullptr, &size, Bytes(additional),
                       static_cast<int>(additional.size())) != 1) {
    std::abort();
  }
  return context;
}

// Turns `text` into what it becomes, in its place.
void Turn(EVP_CIPHER_CTX* context, std::string& text) {
  int size = 0;
  if (EVP_CipherUpdate(context, Bytes(text), &size, Bytes(text), static_cast<int>(text.size())) != 1) {
    std::abort();
  }
}

bool Finish(EVP_CIPHER_CTX* context) {
  unsigned char none[EVP_MAX_BLOCK_LENGTH];
  int size = 0;
  return EVP_CipherFinal_ex(context, none, &size) == 1;
}

void Tag(EVP_CIPHER_CTX* context, int command, std::string& tag) {
  if (EVP_CIPHER_CTX_ctrl(context, command, kTagBytes, tag.data()) != 1) std::abort();
}

}  // namespace

absl::StatusOr<Sealer> Sealer::Parse(absl::string_view text) {
  std::vector<Key> keys;
  for (absl::string_view item : absl::StrSplit(absl::StripAsciiWhitespace(text), ',')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(absl::StripAsciiWhitespace(item), absl::MaxSplits(':', 1));
    if (!IsKeyId(parts.first)) return BadKeys("an id is missing or has other than letters, digits, '-', '_'");
    const std::optional<std::string> secret = DecodeSecret(parts.second);
    if (!secret.has_value()) return BadKeys(absl::StrCat("the secret of '", parts.first, "' is neither"));
    if (secret->size() < kShortestSecret) {
      return BadKeys(absl::StrCat("the secret of '", parts.first, "' is too short"));
    }
    const auto same_id = [&](const Key& key) { return key.id == parts.first; };
    if (std::any_of(keys.begin(), keys.end(), same_id)) {
      return BadKeys(absl::StrCat("'", parts.first, "' is there twice"));
    }
    keys.push_back({.id = std::string(parts.first), .bytes = Sha256(absl::StrCat(kLabel, kEnd, *secret))});
  }
  return Sealer(std::move(keys));
}

std::string Sealer::Seal(absl::string_view scope, absl::string_view text) const {
  const Key& key = keys_.front();
  const std::string salt_and_nonce = RandomBytes(kSaltBytes + kNonceBytes);
  const Context context = Begin(kSeals, key.bytes, salt_and_nonce, absl::StrCat(key.id, kEnd, scope));
  std::string body(text), tag(kTagBytes, '\0');
  Turn(context.get(), body);
  if (!Finish(context.get())) std::abort();
  Tag(context.get(), EVP_CTRL_AEAD_GET_TAG, tag);
  return absl::WebSafeBase64Escape(absl::StrCat(key.id, kEnd, salt_and_nonce, body, tag));
}

std::optional<std::string> Sealer::Open(absl::string_view scope, absl::string_view sealed) const {
  std::string bytes;
  const bool canonical =
      absl::WebSafeBase64Unescape(sealed, &bytes) && absl::WebSafeBase64Escape(bytes) == sealed;
  const size_t id_ends = canonical ? bytes.find('\0') : std::string::npos;
  if (id_ends == std::string::npos) return std::nullopt;
  const absl::string_view id = absl::string_view(bytes).substr(0, id_ends);
  const absl::string_view rest = absl::string_view(bytes).substr(id_ends + 1);
  if (rest.size() < kSaltBytes + kNonceBytes + kTagBytes) return std::nullopt;
  const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const Key& k) { return k.id == id; });
  if (key == keys_.end()) return std::nullopt;
  const Context context = Begin(kOpens, key->bytes, rest, absl::StrCat(id, kEnd, scope));
  std::string tag(rest.substr(rest.size() - kTagBytes));
  std::string text(rest.substr(kSaltBytes + kNonceBytes));
  text.resize(text.size() - kTagBytes);
  Turn(context.get(), text);
  Tag(context.get(), EVP_CTRL_AEAD_SET_TAG, tag);
  if (!Finish(context.get())) return std::nullopt;
  return text;
}

}  // namespace guestpass::auth
