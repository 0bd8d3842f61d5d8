// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace guestpass::auth {

// Gives small texts to callers to keep and bring back (page tokens), so that nobody can read, make or change
// one: AES-256-GCM. Every service that shares the keys opens what another sealed. A value; thread-safe.
class Sealer {
 public:
  // The sealer of a setting's keys: `id:secret[,id:secret…]`, the secret at least 32 bytes in hex or base64,
  // ids of letters, digits, '-' and '_'. The first seals, all open: so a new key is added last everywhere,
  // then put first, then the old one taken away. INVALID_ARGUMENT with a sentence that says what is wrong,
  // and never the secret.
  static absl::StatusOr<Sealer> Parse(absl::string_view keys);

  // `text`, sealed, in A-Z, a-z, 0-9, '-' and '_'; another each time. It opens for the same `scope` only,
  // which says what the text is for and does not travel with it. A third longer than `text`, and some 80
  // characters.
  std::string Seal(absl::string_view scope, absl::string_view text) const;

  // What Seal was given for exactly that scope under one of the keys, or nothing for anything else.
  std::optional<std::string> Open(absl::string_view scope, absl::string_view sealed) const;

 private:
  struct Key {
    std::string id;
    std::string bytes;  // SHA-256 of a label and the secret
  };

  explicit Sealer(std::vector<Key> keys) : keys_(std::move(keys)) {}  // at least one

  std::vector<Key> keys_;
};

}  // namespace guestpass::auth
