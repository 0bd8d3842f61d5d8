// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/mail/mailer.h"
#include "common/mail/smtp_url.h"

namespace guestpass::mail {

struct SmtpOptions {
  std::string url;       // as ParseSmtpUrl has it
  std::string user;      // empty: no AUTH
  std::string password;  // never logged
  std::string ca_file;   // whom to trust for TLS, instead of the system's authorities
  absl::Duration timeout = absl::Seconds(10);
};

// Hands mail to a mail server, each in a conversation of its own. With TLS the server's certificate and name
// are verified, always. What is logged of a mail is its id, the step and the code.
//
// The mail is handed over once all of it has gone out and the server is told so by the dot after it. A
// conversation that fails before is EMAIL_DELIVERY_FAILED, for then the server throws away what it has; so is
// a negative answer after the dot. Without an answer it is kUnknown.
class SmtpMailer : public Mailer {
 public:
  // INVALID_ARGUMENT, with a sentence for whoever starts the service, for a bad url, a user without a
  // password, and a CA file that cannot be read.
  static absl::StatusOr<std::unique_ptr<SmtpMailer>> Create(SmtpOptions options);

  // A conversation gets `timeout`; with looking the name up and the goodbye it ends within twice that.
  absl::StatusOr<Handover> Send(const Message& message) override;

 private:
  SmtpMailer(SmtpUrl url, SmtpOptions options) : url_(std::move(url)), options_(std::move(options)) {}

  const SmtpUrl url_;
  const SmtpOptions options_;
};

}  // namespace guestpass::mail
