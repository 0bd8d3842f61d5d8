// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/config/settings.h"
#include "common/mail/mailer.h"
#include "common/mail/smtp_mailer.h"

namespace guestpass::mail {

// How a service sends mail: the settings mail-directory or smtp-url (neither: it sends none), smtp-user,
// smtp-password, smtp-ca-file, mail-timeout, mail-from, mail-allow-list.
struct MailOptions {
  std::string directory;
  SmtpOptions smtp;
  std::string from;        // ASCII; empty: the service's own choice
  std::string allow_list;  // with commas between; empty: everybody

  bool configured() const { return !directory.empty() || !smtp.url.empty(); }
};

MailOptions ReadMailOptions(config::Settings& settings);

// What they say: never null, and where no mail is set up a NoMailer. An error's message is a sentence for
// whoever starts the service.
absl::StatusOr<std::unique_ptr<Mailer>> OpenMailer(const MailOptions& options);

}  // namespace guestpass::mail
