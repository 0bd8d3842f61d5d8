// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace guestpass::membership {

// A mail address as addresses are compared (I6): ASCII letters in lower case, the domain by UTS-46 as
// A-labels; or nothing where `text` is no address that could be invited. Folding twice is folding once. Pure.
std::optional<std::string> FoldAddress(absl::string_view text);

}  // namespace guestpass::membership
