// SPDX-License-Identifier: Apache-2.0
#include "services/invite/client/mail_courier.h"

#include "absl/strings/str_cat.h"
#include "common/mail/template.h"

namespace guestpass::invite {
namespace {

constexpr char kSubject[] = "You have been invited to a workspace";

const mail::Parts& Template() {
  static const auto* const parts =
      new mail::Parts{.text = R"(You have been invited to the workspace {workspace}.

To join, open this link and sign in with the account that has this address:

{link}

It can be used until {until}, once. If you did not expect it, ignore this mail.
)",
                      .html = R"(<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Invitation</title></head>
<body>
<p>You have been invited to the workspace {workspace}.</p>
<p>To join, open this link and sign in with the account that has this address:</p>
<p><a href="{link}">Join the workspace</a></p>
<p>It can be used until {until}, once. If you did not expect it, ignore this mail.</p>
</body>
</html>
)"};
  return *parts;
}

}  // namespace

mail::Message MailOf(const Invitation& invitation, const PublicUrl& public_url, const std::string& from) {
  const std::string until =
      absl::FormatTime("%E4Y-%m-%d %H:%M UTC", invitation.expire_time, absl::UTCTimeZone());
  mail::Parts parts =
      mail::Fill(Template(), {{"workspace", mail::Filling::Quoted(invitation.workspace_display_name)},
                              {"link", mail::Filling::Ours(public_url.AcceptUrl(invitation.secret))},
                              {"until", mail::Filling::Ours(until)}});
  return {.from_name = "guestpass",
          .from = from.empty() ? absl::StrCat("no-reply@", public_url.mail_domain()) : from,
          .to = invitation.mailbox,
          .message_id = absl::StrCat(invitation.invite.invite.text(), ".", invitation.generation, "@",
                                     public_url.mail_domain()),
          .subject = kSubject,
          .date = invitation.create_time,
          .text = std::move(parts.text),
          .html = std::move(parts.html)};
}

absl::StatusOr<mail::Handover> MailCourier::Deliver(const Invitation& invitation) {
  return mailer_.Send(MailOf(invitation, public_url_, from_));
}

}  // namespace guestpass::invite
