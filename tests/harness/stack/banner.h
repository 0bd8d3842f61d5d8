// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "tests/harness/stack/stack.h"

// What a stack says of itself to whoever started it.
namespace guestpass::harness {

// Where everything is, that it is not for production, whether data is kept, and `how_to_stop`.
std::string Banner(const Stack& stack, absl::string_view how_to_stop);

// Lines to paste into a shell in the project's directory, one after the other: tokens, then calls of every
// service by `grpcurl`, a path or a name ("" if there is none: a line then says how to get it). `token` is
// the command that prints tokens: "./guestpass token".
std::string PasteLines(const Stack& stack, absl::string_view grpcurl, absl::string_view token);

}  // namespace guestpass::harness
