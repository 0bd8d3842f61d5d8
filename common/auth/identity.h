// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "common/rights/ids.h"

namespace guestpass::auth {

// Whom a verified token speaks for: a user, or a service. A value.
struct Identity {
  bool is_service = false;
  std::string service;          // the token's gp_service; empty for users
  bool is_operator = false;     // the token's gp_operator: a platform operator
  UserId user;                  // made of `issuer` and `subject`; empty for services
  std::string issuer;           // iss
  std::string subject;          // sub
  std::string email;            // as the token has it; empty where it has none
  bool email_verified = false;  // an address counts only with it
  absl::Time expire_time;       // exp: from then on the token is worth nothing
};

// Who makes a call. A value; it has a user or a service or both.
struct Caller {
  // The user who calls, or for whom a service acts by forwarding that user's own token.
  std::optional<Identity> user;
  // That user's token, to forward in calls made for the user. Never logged, never stored.
  std::string user_token;
  // The calling service's name; empty where the user calls directly.
  std::string service;
  // Whether this is a platform operator: the user, or the service where there is no user. A service that is
  // one lends nothing to the users for whom it acts.
  bool is_operator = false;
};

}  // namespace guestpass::auth
