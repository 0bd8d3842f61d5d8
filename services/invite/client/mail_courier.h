// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "common/mail/mailer.h"
#include "common/mail/message.h"
#include "services/invite/client/courier.h"
#include "services/invite/domain/public_url.h"

namespace guestpass::invite {

// Invites by mail. Errors as of Courier.
class MailCourier : public Courier {
 public:
  // `mailer` outlives this. `from` is the address that mail comes from, in ASCII; empty: no-reply at the
  // public URL's host.
  MailCourier(mail::Mailer& mailer, PublicUrl public_url, std::string from = "")
      : mailer_(mailer), public_url_(std::move(public_url)), from_(std::move(from)) {}

  absl::StatusOr<mail::Handover> Deliver(const Invitation& invitation) override;

 private:
  mail::Mailer& mailer_;
  const PublicUrl public_url_;
  const std::string from_;
};

// The mail (I23): a fixed subject, one link, the workspace's name quoted and never clickable, no channels.
// Message-ID `<invite>.<generation>@<host>`: the same mail again has the same. Pure.
mail::Message MailOf(const Invitation& invitation, const PublicUrl& public_url, const std::string& from = "");

}  // namespace guestpass::invite
