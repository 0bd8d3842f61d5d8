// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/time/time.h"

namespace guestpass::invite {

// How much one inviter may send in a workspace, an hour, and how often mail goes out. Each at least 1.
struct SendLimits {
  int per_inviter_and_hour = 50;
  int mails_per_address_and_day = 5;
  absl::Duration between_mails_of_an_invite = absl::Minutes(1);
};

}  // namespace guestpass::invite
