// SPDX-License-Identifier: Apache-2.0
#include "common/mail/mailer.h"

#include "common/status/error.h"

namespace guestpass::mail {

absl::Status DeliveryFailed(bool permanent) {
  if (!permanent) {
    return Error(Reason::kEmailDeliveryFailed, "The mail could not be handed over. Try again later.");
  }
  return Error(
      Reason::kEmailDeliveryFailed,
      "The mail server refuses this mail for good. Check the address, or ask who operates the server.",
      {{"permanent", "true"}});
}

}  // namespace guestpass::mail
