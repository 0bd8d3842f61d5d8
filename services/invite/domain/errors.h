// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/rights/errors.h"
#include "common/rights/names.h"

// What goes wrong with invites, each in one place. None says the address or the secret.
namespace guestpass::invite {

// NOT_FOUND INVITE_NOT_FOUND: of a secret that was shown; {invite}: of a name that was asked for.
absl::Status InviteNotFound();
absl::Status InviteNotFound(const InviteName& name);

absl::Status InvitePendingForEmail();                  // ALREADY_EXISTS INVITE_PENDING_FOR_EMAIL
absl::Status InviteRevoked(const InviteName& name);    // FAILED_PRECONDITION INVITE_REVOKED {invite}
absl::Status InviteDeclined(const InviteName& name);   // FAILED_PRECONDITION INVITE_DECLINED {invite}
absl::Status InviteExhausted(const InviteName& name);  // FAILED_PRECONDITION INVITE_EXHAUSTED {invite}
absl::Status InviteNoLongerValid(
    const InviteName& name);  // FAILED_PRECONDITION INVITE_NO_LONGER_VALID {invite}
absl::Status InviteEmailMismatch(const InviteName& name);  // PERMISSION_DENIED INVITE_EMAIL_MISMATCH {invite}

// FAILED_PRECONDITION INVITE_EXPIRED {invite, expire_time}
absl::Status InviteExpired(const InviteName& name, absl::Time expire_time);

// RESOURCE_EXHAUSTED INVITE_RATE_LIMITED with RetryInfo: one of the limits of sending stands in the way for
// `wait`, more than zero. Says no limit's number.
absl::Status InviteRateLimited(absl::Duration wait);

// RESOURCE_EXHAUSTED REDEEM_RATE_LIMITED with RetryInfo: may be tried again after `wait`.
absl::Status RedeemRateLimited(absl::Duration wait);

// RESOURCE_EXHAUSTED PREVIEW_RATE_LIMITED with RetryInfo, as before.
absl::Status PreviewRateLimited(absl::Duration wait);

// ABORTED CONFLICT with RetryInfo: another attempt at this invite is being decided.
absl::Status RedemptionUnderWay();

// ABORTED CONFLICT with RetryInfo: the same request is being answered to somebody else who sent it.
absl::Status RequestUnderWay();

// ABORTED CONFLICT with RetryInfo: the invite's mail is being handed over.
absl::Status MailUnderWay();

// FAILED_PRECONDITION INVITE_NO_LONGER_VALID {invite}: it cannot be resent, for what it gives a guest.
absl::Status GuestTimeNoLongerHolds(const InviteName& name);

// FAILED_PRECONDITION INVITE_NO_LONGER_VALID {request_id}: the answer that was kept is erased (M15).
absl::Status AnsweredAndErased(absl::string_view request_id);

}  // namespace guestpass::invite
