// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/call.h"

#include <algorithm>

#include "common/status/error.h"

namespace guestpass::rpc {

absl::StatusOr<UserId> Call::RequireUser() const {
  if (caller.user.has_value()) return caller.user->user;
  return Error(Reason::kCallerNotAllowed,
               "This call is made for a user: forward the user's own token in guestpass-user-authorization.");
}

absl::Status CheckAccess(const Access& access, const auth::Caller& caller) {
  if (caller.user.has_value() && access.users) return absl::OkStatus();
  if (access.operators && caller.is_operator) return absl::OkStatus();
  if (!caller.service.empty()) {
    const auto& services = access.services;
    if (std::find(services.begin(), services.end(), caller.service) != services.end()) {
      return absl::OkStatus();
    }
    return Error(Reason::kCallerNotAllowed,
                 access.users ? "A service calls this for a user only: forward the user's own token in "
                                "guestpass-user-authorization."
                              : "This service is not among those that may call this method.",
                 {{"service", caller.service}});
  }
  return Error(Reason::kCallerNotAllowed, "Only services of guestpass call this method.");
}

}  // namespace guestpass::rpc
