// SPDX-License-Identifier: Apache-2.0
#include "services/invite/domain/errors.h"

#include "common/status/error.h"

namespace guestpass::invite {

absl::Status InviteNotFound() {
  return Error(Reason::kInviteNotFound,
               "No invite has this secret. Check that the link was copied whole, or ask for a new invite.");
}

absl::Status InvitePendingForEmail() {
  return Error(Reason::kInvitePendingForEmail,
               "This address has a pending invite to this workspace. Wait until it is redeemed or expires.");
}

absl::Status InviteRevoked(const InviteName& name) {
  return Error(Reason::kInviteRevoked, "This invite has been revoked. Ask for a new one.",
               {{"invite", name.ToString()}});
}

absl::Status InviteDeclined(const InviteName& name) {
  return Error(Reason::kInviteDeclined, "This invite has been declined. Ask for a new one.",
               {{"invite", name.ToString()}});
}

absl::Status InviteExhausted(const InviteName& name) {
  return Error(Reason::kInviteExhausted, "This invite has been used. Ask for one of your own.",
               {{"invite", name.ToString()}});
}

absl::Status InviteNoLongerValid(const InviteName& name) {
  return Error(Reason::kInviteNoLongerValid, "This invite no longer holds. Ask for a new one.",
               {{"invite", name.ToString()}});
}

absl::Status EmailNotVerified() {
  return Error(Reason::kEmailNotVerified,
               "Your account has no verified mail address. Verify the invited one, sign in again and retry.");
}

absl::Status InviteEmailMismatch(const InviteName& name) {
  return Error(Reason::kInviteEmailMismatch,
               "This invite is for another mail address. Sign in with the account that was invited.",
               {{"invite", name.ToString()}});
}

absl::Status InviteExpired(const InviteName& name, absl::Time expire_time) {
  return Error(Reason::kInviteExpired, "This invite has expired. Ask whoever invited you for a new one.",
               {{"invite", name.ToString()}, {"expire_time", Rfc3339(expire_time)}});
}

absl::Status InviteRateLimited(absl::Duration wait) {
  return Error("You send more invites than is allowed, or this address got several of late. Try again later.",
               {.reason = Reason::kInviteRateLimited, .retry_after = wait});
}

absl::Status RedeemRateLimited(absl::Duration wait) {
  return Error("You redeem more often than is allowed in a minute. Try again a little later.",
               {.reason = Reason::kRedeemRateLimited, .retry_after = wait});
}

absl::Status PreviewRateLimited(absl::Duration wait) {
  return Error("You look at invites more often than is allowed in a minute. Try again a little later.",
               {.reason = Reason::kPreviewRateLimited, .retry_after = wait});
}

absl::Status RedemptionUnderWay() {
  return Error("Another attempt at redeeming this invite is being decided. Try again.",
               {.reason = Reason::kConflict, .retry_after = absl::Milliseconds(250)});
}

absl::Status RequestUnderWay() {
  return Error("The same request is being worked on. Send it again for its answer.",
               {.reason = Reason::kConflict, .retry_after = absl::Milliseconds(250)});
}

absl::Status MailUnderWay() {
  return Error("The invite's mail is being handed over. Try again in a moment.",
               {.reason = Reason::kConflict, .retry_after = absl::Seconds(1)});
}

}  // namespace guestpass::invite
