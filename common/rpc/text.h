// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// What requests' strings must be (A7). Lengths are in characters (code points). Each answers FIELD_INVALID
// naming `field`; nothing is cut or mended. Pure.
namespace guestpass::rpc {

// The number of characters of `text`, or FIELD_INVALID where it is not UTF-8.
absl::StatusOr<size_t> CountCharacters(absl::string_view field, absl::string_view text);

// `min` to `max` characters of UTF-8 without U+0000, which the database cannot hold.
absl::Status CheckText(absl::string_view field, absl::string_view text, size_t min, size_t max);

// A name that people see: 1 to 128 characters, no control, line-break or bidi-override characters,
// and something to see.
absl::Status CheckDisplayName(absl::string_view field, absl::string_view text);

}  // namespace guestpass::rpc
