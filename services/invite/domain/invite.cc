// SPDX-License-Identifier: Apache-2.0
#include "services/invite/domain/invite.h"

#include "common/status/macros.h"
#include "services/invite/domain/errors.h"

namespace guestpass::invite {
namespace {

absl::StatusOr<Step> SettleOrWait(const Reservation& open, absl::Time now) {
  if (now - open.create_time >= kAbandonedAfter) return Step::kSettle;
  return RedemptionUnderWay();
}

}  // namespace

State StateAt(const Invite& invite, absl::Time now) {
  if (invite.state == State::kPending && now >= invite.expire_time) return State::kExpired;
  return invite.state;
}

absl::Status CheckRedeemable(const Invite& invite, const Redeemer& redeemer, absl::Time now) {
  if (invite.state == State::kRevoked) return InviteRevoked(invite.name);
  if (invite.state == State::kExpired || now >= invite.expire_time) {
    return InviteExpired(invite.name, invite.expire_time);
  }
  if (!redeemer.verified_email.has_value()) return EmailNotVerified();
  const std::optional<mail::Address> address = mail::ParseAddress(*redeemer.verified_email);
  if (!address.has_value() || address->folded != invite.address.folded) {
    return InviteEmailMismatch(invite.name);
  }
  return absl::OkStatus();
}

absl::StatusOr<Step> Redeem(const Invite& invite, const std::optional<Reservation>& open,
                            const Redeemer& redeemer, absl::Time now) {
  if (invite.state == State::kRedeemed && invite.redeemed_by == redeemer.user) return Step::kRepeat;
  if (open.has_value() && open->user == redeemer.user) return SettleOrWait(*open, now);
  RETURN_IF_ERROR(CheckRedeemable(invite, redeemer, now));
  if (invite.state == State::kRedeemed) return Step::kFind;
  if (open.has_value()) return SettleOrWait(*open, now);
  return Step::kReserve;
}

}  // namespace guestpass::invite
