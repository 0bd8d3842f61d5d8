// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/status/reason.h"

// Outcomes held against what was expected. The errors are for people: they say what was expected and what
// came.
namespace guestpass::e2e {

// OK if `outcome` is an error with `reason`.
absl::Status ExpectRefused(const absl::Status& outcome, Reason reason);

// OK if `holds`; else `what`, which says what should have been.
absl::Status Expect(bool holds, absl::string_view what);

}  // namespace guestpass::e2e
