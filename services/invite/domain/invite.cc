// SPDX-License-Identifier: Apache-2.0
#include "services/invite/domain/invite.h"

#include "common/status/macros.h"
#include "services/invite/domain/errors.h"

namespace guestpass::invite {

State StateAt(const Invite& invite, absl::Time now) {
  if (invite.state == State::kPending && now >= invite.expire_time) return State::kExpired;
  return invite.state;
}

bool IsInvited(const Invite& invite, const Redeemer& redeemer) {
  if (invite.link.has_value()) return true;
  const auto address = mail::ParseAddress(redeemer.verified_email.value_or(""));
  return address.has_value() && address->folded == invite.address.folded;
}

absl::Status CheckStanding(const Presented& presented, absl::Time now) {
  const Invite& invite = presented.invite;
  if (invite.state == State::kUndelivered) return InviteNotFound();
  if (invite.state == State::kRevoked) return InviteRevoked(invite.name);
  if (invite.state == State::kDeclined) return InviteDeclined(invite.name);
  if (invite.state == State::kExpired || now >= presented.expire_time) {
    return InviteExpired(invite.name, presented.expire_time);
  }
  return absl::OkStatus();
}

absl::Status CheckResendable(const Invite& invite) {
  switch (invite.state) {
    case State::kPending:
    case State::kExpired:
    case State::kUndelivered:
      return absl::OkStatus();
    case State::kRedeemed:
      return InviteExhausted(invite.name);
    case State::kRevoked:
      return InviteRevoked(invite.name);
    case State::kDeclined:
      return InviteDeclined(invite.name);
  }
  return InviteNotFound(invite.name);  // not a state
}

absl::Status CheckRedeemable(const Presented& presented, const Redeemer& redeemer, absl::Time now) {
  const Invite& invite = presented.invite;
  RETURN_IF_ERROR(CheckStanding(presented, now));
  const bool unverified_allowed = invite.link.has_value() && invite.link->allow_unverified;
  if (!redeemer.verified_email.has_value() && !unverified_allowed) return EmailNotVerified();
  return IsInvited(invite, redeemer) ? absl::OkStatus() : InviteEmailMismatch(invite.name);
}

}  // namespace guestpass::invite
