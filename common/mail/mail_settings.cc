// SPDX-License-Identifier: Apache-2.0
#include "common/mail/mail_settings.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/mail/address.h"
#include "common/mail/allow_list_mailer.h"
#include "common/mail/directory_mailer.h"
#include "common/status/macros.h"

namespace guestpass::mail {
namespace {

absl::Status CheckFrom(const std::string& from) {
  const std::optional<Address> address = ParseAddress(from);
  if (from.empty() || (address.has_value() && address->Mailbox() == from)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("mail-from is \"", absl::CHexEscape(from),
                   "\": give an address alone, like no-reply@example.com, in ASCII and in lower case."));
}

absl::StatusOr<std::unique_ptr<Mailer>> OpenUnrestricted(const MailOptions& options) {
  if (!options.directory.empty()) return DirectoryMailer::Open(options.directory);
  if (!options.smtp.url.empty()) return SmtpMailer::Create(options.smtp);
  return std::make_unique<NoMailer>();
}

}  // namespace

MailOptions ReadMailOptions(config::Settings& settings) {
  MailOptions options;
  options.directory = settings.TextOr("mail-directory", "", "where mail is written to, a file each");
  options.smtp.url = settings.TextOr("smtp-url", "",
                                     "the mail server: smtp+starttls://host:port, smtps://host:port, or "
                                     "smtp://host:port on this machine; this and no mail-directory");
  options.smtp.user = settings.TextOr("smtp-user", "", "this service's user at the mail server; empty: none");
  if (!options.smtp.user.empty()) {
    options.smtp.password = settings.Secret("smtp-password", "that user's password");
  }
  options.smtp.ca_file = settings.TextOr(
      "smtp-ca-file", "", "certificates to trust for the mail server; empty: those of the system");
  options.smtp.timeout = settings.DurationOr("mail-timeout", SmtpOptions().timeout, absl::Milliseconds(100),
                                             absl::Minutes(1), "how long the mail server gets for one mail");
  options.from = settings.TextOr("mail-from", "", "the address that mail comes from");
  options.allow_list = settings.TextOr(
      "mail-allow-list", "",
      "for development: addresses and @domains, with commas between; mail goes to nobody else");
  return options;
}

absl::StatusOr<std::unique_ptr<Mailer>> OpenMailer(const MailOptions& options) {
  if (!options.directory.empty() && !options.smtp.url.empty()) {
    return absl::InvalidArgumentError("Set only one of mail-directory and smtp-url.");
  }
  if (options.smtp.url.empty() && !options.smtp.user.empty()) {
    return absl::InvalidArgumentError("smtp-user is set and smtp-url is not: set both, or neither.");
  }
  RETURN_IF_ERROR(CheckFrom(options.from));
  ASSIGN_OR_RETURN(std::unique_ptr<Mailer> mailer, OpenUnrestricted(options));
  if (options.allow_list.empty() || !options.configured()) return mailer;
  const std::vector<std::string> entries = absl::StrSplit(options.allow_list, ',', absl::SkipWhitespace());
  ASSIGN_OR_RETURN(mailer, AllowListMailer::Create(std::move(mailer), entries));
  return mailer;
}

}  // namespace guestpass::mail
