// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/mail/mailer.h"

namespace guestpass::mail {

// Lets mail through to the recipients on a list, so that a development set-up writes to nobody else.
class AllowListMailer : public Mailer {
 public:
  // Entries are addresses ("ann@example.com") and domains with all their addresses ("@example.com", not those
  // of its subdomains), compared as folded. INVALID_ARGUMENT with a sentence for whoever starts the service
  // where one is neither, or where there is none.
  static absl::StatusOr<std::unique_ptr<AllowListMailer>> Create(std::unique_ptr<Mailer> mailer,
                                                                 const std::vector<std::string>& entries);

  // kDevRestricted for who is not on the list.
  absl::StatusOr<Handover> Send(const Message& message) override;

 private:
  AllowListMailer(std::unique_ptr<Mailer> mailer, std::set<std::string> allowed)
      : mailer_(std::move(mailer)), allowed_(std::move(allowed)) {}

  const std::unique_ptr<Mailer> mailer_;
  const std::set<std::string> allowed_;  // folded: addresses, and domains with their @
};

}  // namespace guestpass::mail
