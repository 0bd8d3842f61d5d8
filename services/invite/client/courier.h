// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/mail/mailer.h"
#include "common/rights/names.h"
#include "services/invite/domain/invite.h"

namespace guestpass::invite {

// What an invite's mail says. Has the secret: never logged, never stored.
struct Invitation {
  InviteName invite;
  int generation = 1;   // 1 when the invite is made, one more each time that it is sent anew
  std::string mailbox;  // to whom
  std::string secret;
  std::string workspace_display_name;
  absl::Time create_time;  // of the invite, or of this sending of it
  absl::Time expire_time;
};

// The mail for an email invite's present secret. Pure.
Invitation InvitationOf(const Invite& invite, std::string secret);

// What is recorded of a mail that nobody refused. Pure.
Delivery DeliveryOf(mail::Handover handover);

// For how long a mail may be under way whose conversation gets that time-out: by then its outcome is
// recorded, or who sent it is no more. Pure.
inline absl::Duration DeliveryLease(absl::Duration mail_timeout) {
  return 2 * mail_timeout + absl::Seconds(10);
}

// Brings invites to the invited. Thread-safe; blocks.
class Courier {
 public:
  virtual ~Courier() = default;

  // Whether mail is set up at all. If not, Deliver gives kNotConfigured for every one.
  virtual bool configured() const { return true; }

  // What became of the mail. EMAIL_DELIVERY_FAILED, maybe permanent = true: it was not handed over, and will
  // not be.
  virtual absl::StatusOr<mail::Handover> Deliver(const Invitation& invitation) = 0;
};

// Where no mail is set up.
class NoCourier : public Courier {
 public:
  bool configured() const override { return false; }
  absl::StatusOr<mail::Handover> Deliver(const Invitation&) override {
    return mail::Handover::kNotConfigured;
  }
};

}  // namespace guestpass::invite
