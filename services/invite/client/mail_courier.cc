// SPDX-License-Identifier: Apache-2.0
#include "services/invite/client/mail_courier.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"

namespace guestpass::invite {
namespace {

constexpr char kSubject[] = "You have been invited to a workspace";

constexpr char kText[] = R"(You have been invited to the workspace "$0".

To join, open this link and sign in with the account that has this address:

$1

It can be used until $2, once. If you did not expect it, ignore this mail.
)";

constexpr char kHtml[] = R"(<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Invitation</title></head>
<body>
<p>You have been invited to the workspace &quot;$0&quot;.</p>
<p>To join, open this link and sign in with the account that has this address:</p>
<p><a href="$1">Join the workspace</a></p>
<p>It can be used until $2, once. If you did not expect it, ignore this mail.</p>
</body>
</html>
)";

}  // namespace

mail::Message MailOf(const Invitation& invitation, const PublicUrl& public_url) {
  const std::string name = mail::Unlinked(invitation.workspace_display_name);
  const std::string url = public_url.AcceptUrl(invitation.secret);
  const std::string until =
      absl::FormatTime("%E4Y-%m-%d %H:%M UTC", invitation.expire_time, absl::UTCTimeZone());
  return {.from_name = "guestpass",
          .from = absl::StrCat("no-reply@", public_url.mail_domain()),
          .to = invitation.mailbox,
          .message_id = absl::StrCat(invitation.invite.invite.text(), ".1@", public_url.mail_domain()),
          .subject = kSubject,
          .date = invitation.create_time,
          .text = absl::Substitute(kText, name, url, until),
          .html = absl::Substitute(kHtml, mail::EscapeHtml(name), mail::EscapeHtml(url), until)};
}

absl::Status MailCourier::Deliver(const Invitation& invitation) {
  return mailer_.Send(MailOf(invitation, public_url_));
}

}  // namespace guestpass::invite
