// SPDX-License-Identifier: Apache-2.0
#include "services/invite/client/courier.h"

#include <utility>

namespace guestpass::invite {

Invitation InvitationOf(const Invite& invite, std::string secret) {
  return {.invite = invite.name,
          .generation = invite.generation,
          .mailbox = invite.address.Mailbox(),
          .secret = std::move(secret),
          .workspace_display_name = invite.workspace_display_name,
          .create_time = invite.resend_time.value_or(invite.create_time),
          .expire_time = invite.expire_time};
}

Delivery DeliveryOf(mail::Handover handover) {
  switch (handover) {
    case mail::Handover::kSent:
      return Delivery::kSent;
    case mail::Handover::kNotConfigured:
      return Delivery::kNotConfigured;
    case mail::Handover::kDevRestricted:
      return Delivery::kDevRestricted;
    case mail::Handover::kUnknown:
      return Delivery::kUnknown;
  }
  return Delivery::kUnknown;
}

}  // namespace guestpass::invite
