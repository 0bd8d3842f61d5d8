// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace guestpass::membership {

// RESOURCE_EXHAUSTED OVERLOADED with RetryInfo, from a queue that is full of `what`.
inline absl::Status Overloaded(absl::string_view what) {
  return Error(absl::StrCat("Membership has as many ", what, " waiting as it accepts. Try again."),
               {.reason = Reason::kOverloaded, .retry_after = absl::Milliseconds(200)});
}

}  // namespace guestpass::membership
