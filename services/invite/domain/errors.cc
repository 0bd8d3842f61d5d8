// SPDX-License-Identifier: Apache-2.0
#include "services/invite/domain/errors.h"

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace guestpass::invite {

absl::Status InviteNotFound() {
  return Error(Reason::kInviteNotFound,
               "No invite has this secret. Check that the link was copied whole, or ask for a new invite.");
}

absl::Status InviteNotFound(const InviteName& name) {
  return Error(Reason::kInviteNotFound, "There is no such invite in this workspace.",
               {{"invite", name.ToString()}});
}

absl::Status InvitePendingForEmail() {
  return Error(
      Reason::kInvitePendingForEmail,
      "This address has a pending invite to this workspace. Resend it, or revoke it and invite again.");
}

absl::Status InviteRevoked(const InviteName& name) {
  return Error(Reason::kInviteRevoked, "This invite has been revoked for good: it takes a new one to join.",
               {{"invite", name.ToString()}});
}

absl::Status InviteDeclined(const InviteName& name) {
  return Error(Reason::kInviteDeclined, "This invite has been declined for good: it takes a new one to join.",
               {{"invite", name.ToString()}});
}

absl::Status InviteExhausted(const InviteName& name) {
  return Error(Reason::kInviteExhausted,
               "This invite has been used up. Whoever else is to join needs one of their own.",
               {{"invite", name.ToString()}});
}

absl::Status InviteNoLongerValid(const InviteName& name) {
  return Error(
      Reason::kInviteNoLongerValid,
      "This invite no longer holds: the workspace that it is for, or the membership that it gave, has "
      "ended since.",
      {{"invite", name.ToString()}});
}

absl::Status InviteEmailMismatch(const InviteName& name) {
  return Error(Reason::kInviteEmailMismatch,
               "This invite is for another email address. Sign in with the account that was invited.",
               {{"invite", name.ToString()}});
}

absl::Status InviteExpired(const InviteName& name, absl::Time expire_time) {
  return Error(Reason::kInviteExpired, "This invite has expired. Ask whoever invited you for a new one.",
               {{"invite", name.ToString()}, {"expire_time", Rfc3339(expire_time)}});
}

absl::Status InviteRateLimited(absl::Duration wait) {
  const absl::Duration minutes = absl::Ceil(wait, absl::Minutes(1));
  return Error(
      absl::StrCat("You have sent as many invites as is allowed in an hour, or this address has got as "
                   "many mails as is allowed in a day, or this invite was mailed a moment ago. Try "
                   "again in ",
                   absl::FormatDuration(minutes), "."),
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

absl::Status GuestTimeNoLongerHolds(const InviteName& name) {
  return Error(
      Reason::kInviteNoLongerValid,
      "The guest's time that this invite gives has passed, or is longer than the workspace allows by now. "
      "Revoke it and make a new one.",
      {{"invite", name.ToString()}});
}

absl::Status AnsweredAndErased(absl::string_view request_id) {
  return Error(
      Reason::kInviteNoLongerValid,
      "This request was answered before, and its invite's address has been erased since. Nothing is done "
      "again under this request_id.",
      {{"request_id", std::string(request_id)}});
}

}  // namespace guestpass::invite
