// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/mail/message.h"

namespace guestpass::mail {

// What became of a mail that nobody refused.
enum class Handover {
  kSent,           // whoever delivers it has it, durably
  kNotConfigured,  // not sent, on purpose: no mail is set up
  kDevRestricted,  // not sent, on purpose: the recipient is outside of the allow-list
  kUnknown,        // given away whole, and no answer came: it may arrive or not
};

// Hands mail over to whoever delivers it. Thread-safe; blocks.
class Mailer {
 public:
  virtual ~Mailer() = default;

  // What became of it. UNAVAILABLE EMAIL_DELIVERY_FAILED: it was not handed over, and will not be; with
  // permanent = true where the mail server said that trying again does not help.
  virtual absl::StatusOr<Handover> Send(const Message& message) = 0;
};

// Where no mail is set up.
class NoMailer : public Mailer {
 public:
  absl::StatusOr<Handover> Send(const Message&) override { return Handover::kNotConfigured; }
};

// EMAIL_DELIVERY_FAILED, as every Mailer says it.
absl::Status DeliveryFailed(bool permanent);

}  // namespace guestpass::mail
