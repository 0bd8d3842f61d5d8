// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/status/error.h"

namespace guestpass::rpc {

// Gathers what is wrong with a request's fields while they are read, so that the caller hears of each (A3).
// Used from one thread.
class FieldReader {
 public:
  // The value, or nothing and its violations noted.
  template <typename Value>
  std::optional<Value> Take(absl::StatusOr<Value> value) {
    Check(value.status());
    if (value.ok()) return *std::move(value);
    return std::nullopt;
  }

  void Check(const absl::Status& status) {
    const std::optional<ErrorDetails> details = DetailsOf(status);
    if (details.has_value()) Add(details->violations);
  }

  void Add(const std::vector<FieldViolation>& violations);

  // OK, or FIELD_INVALID naming each bad field in the order in which they were read.
  absl::Status Finish() const;

 private:
  std::vector<FieldViolation> violations_;
};

}  // namespace guestpass::rpc
