// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace guestpass::auth {

// A secret that several processes share.
struct SharedKey {
  std::string id;
  std::string secret;  // at least 32 bytes
};

// The keys in a setting's text, at least one: `id:secret[,id:secret…]`, the secret at least 32 bytes in hex
// or base64, ids of letters, digits, '-' and '_', each once. `what` names them: "bus keys". INVALID_ARGUMENT
// with a sentence that says what is wrong, and never the secret.
absl::StatusOr<std::vector<SharedKey>> ParseSharedKeys(absl::string_view what, absl::string_view text);

}  // namespace guestpass::auth
