// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "common/rpc/call.h"
#include "guestpass/invite/v1/invite.pb.h"
#include "services/invite/server/creation.h"

namespace guestpass::invite {

// ResendInvite (I15). Thread-safe; blocks.
class Resend {
 public:
  // All outlive this.
  Resend(InviteStore& store, Membership& membership, Courier& courier, CreationOptions options)
      : store_(store),
        membership_(membership),
        sending_(store, courier, options.mail_timeout),
        options_(std::move(options)) {}

  // Judged in this order: the name; the user's authority, by membership; whether the request was answered
  // before; the fields; INVITE_NOT_FOUND; INVITE_REVOKED, INVITE_DECLINED, INVITE_EXHAUSTED; what membership
  // judges of an invite like it, as INVITE_NO_LONGER_VALID where that is of the guest's time that it gives;
  // INVITE_RATE_LIMITED and INVITE_PENDING_FOR_EMAIL. One that has expired or was not delivered can be
  // resent. CONFLICT while its mail, or that of the same request, is under way. EMAIL_DELIVERY_FAILED changes
  // nothing. SERVICE_UNAVAILABLE where membership cannot say what became of who has begun with a link's old
  // secret: it is resent then, and to be resent again for a secret.
  absl::StatusOr<v1::ResendInviteResponse> ResendInvite(const rpc::Call& call,
                                                        const v1::ResendInviteRequest& request);

 private:
  // What the invite is to become, but for what its row says when it is locked.
  struct Plan {
    UserId inviter;
    InviteCheck check;
    std::optional<absl::Time> expire_time;
    std::optional<RequestKey> key;
  };

  using Made = MadeFor<v1::ResendInviteResponse>;

  absl::StatusOr<Made> Make(const rpc::Call& call, const InviteName& name,
                            const v1::ResendInviteRequest& request,
                            const absl::StatusOr<std::optional<RequestKey>>& key);
  absl::StatusOr<std::optional<absl::Time>> ReadExpireTime(const v1::ResendInviteRequest& request);
  absl::StatusOr<Made> Store(const InviteName& name, const Plan& plan);
  absl::Status EndOldAttempts(const InviteName& name);
  absl::Status Change(InviteTx& tx, const Plan& plan, Issued& issued);

  InviteStore& store_;
  Membership& membership_;
  Sending sending_;
  const CreationOptions options_;
};

}  // namespace guestpass::invite
