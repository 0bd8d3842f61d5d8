// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace guestpass::invite {

// Where people reach this installation: what mail links to. A value.
class PublicUrl {
 public:
  // "https://chat.example.com", or with a path. INVALID_ARGUMENT, with a sentence for who operates the
  // service, unless it is https (http on a loopback address) without user, query or fragment.
  static absl::StatusOr<PublicUrl> Parse(absl::string_view text);

  // `<public URL>/join#<secret>`: a fragment is sent to no server and logged by none.
  std::string AcceptUrl(absl::string_view secret) const;

  // The host, where it is a name that mail can bear, or "localhost".
  const std::string& mail_domain() const { return mail_domain_; }

 private:
  PublicUrl(std::string base, std::string mail_domain)
      : base_(std::move(base)), mail_domain_(std::move(mail_domain)) {}

  std::string base_;
  std::string mail_domain_;
};

}  // namespace guestpass::invite
