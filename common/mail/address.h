// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace guestpass::mail {

// A mail address. A value.
struct Address {
  std::string shown;   // as it was given, without blanks around it
  std::string folded;  // what addresses are compared by: ASCII letters in lower case, the domain as A-labels

  // What mail is sent to: the local part as it was given, at the domain as A-labels. ASCII.
  std::string Mailbox() const;

  friend bool operator==(const Address&, const Address&) = default;
};

// The address that `text` is, or nothing. One is: 254 bytes at most, as given and as folded; one `@`; before
// it 1 to 64 bytes of ASCII that need no quotes; behind it a domain that UTS-46 (non-transitional) maps to
// labels of letters, digits and hyphens, without a dot at the end. Pure.
std::optional<Address> ParseAddress(absl::string_view text);

}  // namespace guestpass::mail
