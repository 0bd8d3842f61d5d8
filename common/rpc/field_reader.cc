// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/field_reader.h"

#include "absl/strings/str_cat.h"

namespace guestpass::rpc {

void FieldReader::Add(const std::vector<FieldViolation>& violations) {
  violations_.insert(violations_.end(), violations.begin(), violations.end());
}

absl::Status FieldReader::Finish() const {
  if (violations_.empty()) return absl::OkStatus();
  return Error(absl::StrCat(violations_[0].field, ": ", violations_[0].description),
               {.reason = Reason::kFieldInvalid, .violations = violations_});
}

}  // namespace guestpass::rpc
