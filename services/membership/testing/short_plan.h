// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace guestpass::membership {

// A plan as auto_explain tells it in text, made short enough to be read, in lines that end with '\n'. Left
// out are costs, what was never executed, plans that only work out an expression, scans of subqueries that
// pass on every row, and of a node's details all but conditions and filters, which are cut at 110 characters.
// Nested loops of one kind, of which one feeds the next, are one with all their inputs in order. A Limit,
// which has as many rows as what it limits, is on that line. Pure.
std::string ShortPlan(absl::string_view plan);

}  // namespace guestpass::membership
