// SPDX-License-Identifier: Apache-2.0
#include "common/auth/seal.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/auth/openssl.h"
#include "common/auth/random.h"
#include "common/auth/shared_keys.h"
#include "common/status/macros.h"

namespace guestpass::auth {
namespace {

constexpr absl::string_view kLabel = "guestpass.sealing-key";
constexpr absl::string_view kEnd("\0", 1);
constexpr size_t kSaltBytes = 16;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;

using Context = Owned<EVP_CIPHER_CTX>;

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
  ASSIGN_OR_RETURN(const std::vector<SharedKey> shared, ParseSharedKeys("sealing keys", text));
  std::vector<Key> keys;
  for (const SharedKey& key : shared) {
    keys.push_back({.id = key.id, .bytes = Sha256(absl::StrCat(kLabel, kEnd, key.secret))});
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
