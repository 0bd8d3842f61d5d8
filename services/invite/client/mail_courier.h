// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/mail/mailer.h"
#include "common/mail/message.h"
#include "services/invite/client/courier.h"
#include "services/invite/domain/public_url.h"

namespace guestpass::invite {

// Invites by mail. Errors as of Courier.
class MailCourier : public Courier {
 public:
  // `mailer` outlives this.
  MailCourier(mail::Mailer& mailer, PublicUrl public_url)
      : mailer_(mailer), public_url_(std::move(public_url)) {}

  absl::Status Deliver(const Invitation& invitation) override;

 private:
  mail::Mailer& mailer_;
  const PublicUrl public_url_;
};

// The mail (I23): a fixed subject, one link, the workspace's name quoted and never clickable, no channels.
// Message-ID `<invite>.1@<host>`, the same for the same invite. Pure.
mail::Message MailOf(const Invitation& invitation, const PublicUrl& public_url);

}  // namespace guestpass::invite
