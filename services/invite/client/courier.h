// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/rights/names.h"

namespace guestpass::invite {

// What an invite's mail says. Has the secret: never logged, never stored.
struct Invitation {
  InviteName invite;
  std::string mailbox;  // to whom
  std::string secret;
  std::string workspace_display_name;
  absl::Time create_time;
  absl::Time expire_time;
};

// Brings invites to the invited. Thread-safe; blocks.
class Courier {
 public:
  virtual ~Courier() = default;

  // OK once the mail is handed over. EMAIL_DELIVERY_FAILED: it is not, and will not be.
  virtual absl::Status Deliver(const Invitation& invitation) = 0;
};

}  // namespace guestpass::invite
