// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/expect.h"

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace guestpass::e2e {

absl::Status ExpectRefused(const absl::Status& outcome, Reason reason) {
  if (HasReason(outcome, reason)) return absl::OkStatus();
  const auto details = DetailsOf(outcome);
  const std::string came = outcome.ok()          ? "it was allowed"
                           : details.has_value() ? std::string(ReasonName(details->reason))
                                                 : outcome.ToString();
  return absl::InternalError(absl::StrCat("expected ", ReasonName(reason), ", but ", came));
}

absl::Status Expect(bool holds, absl::string_view what) {
  return holds ? absl::OkStatus() : absl::InternalError(absl::StrCat("expected ", what));
}

}  // namespace guestpass::e2e
