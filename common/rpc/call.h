// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/auth/identity.h"

namespace guestpass::rpc {

// What a handler knows of a call beside its request. A value.
struct Call {
  auth::Caller caller;     // authenticated; never without a user and a service both
  std::string request_id;  // the caller's `x-request-id`, or one made here; the log lines have it too
  absl::Time deadline;     // by the wall clock; infinite if the caller set none

  // The user that called, or that a service acts for. CALLER_NOT_ALLOWED without one.
  absl::StatusOr<UserId> RequireUser() const;
};

// Who may call a method (A9). What users may, a service may that is trusted to act for users and forwards the
// user's token; the rules then apply to the user. `services` may call by themselves, for a user or not; with
// `operators` any service that is a platform operator may, too (M12).
struct Access {
  bool users = false;
  std::vector<std::string> services;
  bool operators = false;
};

// OK, or CALLER_NOT_ALLOWED. `for_users` are the services that are trusted to act for users.
absl::Status CheckAccess(const Access& access, const auth::Caller& caller,
                         const std::vector<std::string>& for_users);

}  // namespace guestpass::rpc
