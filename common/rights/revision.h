// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace guestpass::rights {

// A moment of one shard's log: every entry up to `n` is in what was read or written there (A10). Numbers are
// compared within one epoch only. A value.
struct RightsRevision {
  std::string epoch;
  uint32_t shard = 0;
  uint64_t n = 0;

  // The opaque text that callers get and pass on; empty for no epoch.
  std::string ToString() const;

  // What ToString made, or nothing for any other text.
  static std::optional<RightsRevision> Parse(absl::string_view text);

  friend bool operator==(const RightsRevision&, const RightsRevision&) = default;
};

}  // namespace guestpass::rights
