// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/rpc/unary.h"
#include "common/rpc/wire_status.h"

namespace guestpass::rpc {

// Of a call that is about several: says what became of one of them, as if it had been a call of `method`'s by
// itself. `outcome` is a message with an `error` and, got by `value`, what there is without one.
template <typename Answer, typename Outcome>
void PutOutcome(absl::string_view method, const Call& call, absl::StatusOr<Answer> answer,
                Answer* (Outcome::*value)(), Outcome& outcome) {
  LogOutcome(method, call, answer.status());
  if (answer.ok()) {
    *(outcome.*value)() = *std::move(answer);
  } else {
    *outcome.mutable_error() = ToWire(answer.status(), call.request_id);
  }
}

}  // namespace guestpass::rpc
