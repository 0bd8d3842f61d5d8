// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/mail/mailer.h"
#include "common/rights/names.h"

namespace guestpass::invite {

// What an invite's mail says. Has the secret: never logged, never stored.
struct Invitation {
  InviteName invite;
  int generation = 1;   // 1 when the invite is made, one more each time that it is sent anew
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

  // What became of the mail. EMAIL_DELIVERY_FAILED, maybe permanent = true: it was not handed over, and will
  // not be.
  virtual absl::StatusOr<mail::Handover> Deliver(const Invitation& invitation) = 0;
};

}  // namespace guestpass::invite
