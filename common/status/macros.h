// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the enclosing function if `expression`, an absl::Status, is an error.
#define RETURN_IF_ERROR(expression)                                             \
  do {                                                                          \
    if (absl::Status guestpass_status = (expression); !guestpass_status.ok()) { \
      return guestpass_status;                                                  \
    }                                                                           \
  } while (false)

// Assigns the value of an absl::StatusOr to `target` (which may declare it), or returns its error.
#define ASSIGN_OR_RETURN(target, ...) \
  GUESTPASS_ASSIGN_OR_RETURN(GUESTPASS_CONCAT(guestpass_result_, __LINE__), target, __VA_ARGS__)

#define GUESTPASS_ASSIGN_OR_RETURN(result, target, ...) \
  auto result = (__VA_ARGS__);                          \
  if (!result.ok()) return std::move(result).status();  \
  target = *std::move(result)

#define GUESTPASS_CONCAT(a, b) GUESTPASS_CONCAT_INNER(a, b)
#define GUESTPASS_CONCAT_INNER(a, b) a##b
