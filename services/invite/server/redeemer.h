// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/auth/identity.h"
#include "services/invite/domain/invite.h"

namespace guestpass::invite {

// The user as somebody who redeems: an address counts only where it is verified (A8).
inline Redeemer RedeemerOf(const auth::Identity& user) {
  if (!user.email_verified || user.email.empty()) return {.user = user.user};
  return {.user = user.user, .verified_email = user.email};
}

}  // namespace guestpass::invite
