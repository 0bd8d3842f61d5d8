// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace guestpass::mail {

// Where a mail server is, and how the way there is guarded. A value.
struct SmtpUrl {
  enum class Security {
    kPlain,     // smtp://, to a loopback address only
    kStartTls,  // smtp+starttls://: TLS after the greeting, or no mail
    kTls,       // smtps://: TLS from the first byte
  };

  Security security;
  std::string host;  // a name, or an address as URLs have it: "[::1]"
  int port;
};

// "smtp+starttls://mail.example.com:587". INVALID_ARGUMENT, with a sentence for whoever starts the service,
// for anything else beside these three, without a port, with a user or a path, and where mail and passwords
// would travel in the clear to another machine.
absl::StatusOr<SmtpUrl> ParseSmtpUrl(absl::string_view text);

}  // namespace guestpass::mail
