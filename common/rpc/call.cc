// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/call.h"

#include <algorithm>

#include "common/status/error.h"

namespace guestpass::rpc {
namespace {

bool Names(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

absl::StatusOr<UserId> Call::RequireUser() const {
  if (caller.user.has_value()) return caller.user->user;
  return Error(Reason::kCallerNotAllowed,
               "This call is made for a user: forward the user's own token in guestpass-user-authorization.");
}

absl::Status CheckAccess(const Access& access, const auth::Caller& caller,
                         const std::vector<std::string>& for_users) {
  const bool acts = caller.user.has_value() && access.users;
  if (acts && (caller.service.empty() || Names(for_users, caller.service))) return absl::OkStatus();
  if (access.operators && caller.is_operator) return absl::OkStatus();
  if (caller.service.empty()) {
    return Error(Reason::kCallerNotAllowed, "Only services of guestpass call this method.");
  }
  if (Names(access.services, caller.service)) return absl::OkStatus();
  return Error(Reason::kCallerNotAllowed,
               acts ? "This service is not among those that may act for users (setting user-services)."
               : access.users ? "A service calls this for a user only: forward the user's own token in "
                                "guestpass-user-authorization."
                              : "This service is not among those that may call this method.",
               {{"service", caller.service}});
}

}  // namespace guestpass::rpc
