// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/call.h"
#include "guestpass/invite/v1/invite.pb.h"
#include "services/invite/client/membership.h"
#include "services/invite/domain/public_url.h"
#include "services/invite/server/insertions.h"
#include "services/invite/server/sending.h"

namespace guestpass::invite {

struct CreationOptions {
  absl::Duration default_lifetime = absl::Hours(7 * 24);  // at most kMaxLifetime
  std::optional<PublicUrl> public_url;                    // without one, no accept URL is given
  SendLimits limits;
  absl::Duration mail_timeout = absl::Seconds(10);  // of one conversation with the mail server
};

// CreateInvite. Thread-safe; blocks.
class Creation {
 public:
  // All outlive this.
  Creation(InviteStore& store, Membership& membership, Courier& courier, CreationOptions options)
      : store_(store),
        membership_(membership),
        sending_(store, courier, options.mail_timeout),
        insertions_(store, options.limits, options.default_lifetime),
        options_(std::move(options)) {}

  // Judged in this order (I7): the parent's name; the user's authority, by membership; whether the request
  // was answered before; the fields; what else membership judges; INVITE_RATE_LIMITED and then
  // INVITE_PENDING_FOR_EMAIL, in the transaction that stores the invite. Then the mail is handed over;
  // EMAIL_DELIVERY_FAILED leaves no invite.
  absl::StatusOr<v1::CreateInviteResponse> Create(const rpc::Call& call,
                                                  const v1::CreateInviteRequest& request);

  using Made = MadeFor<v1::CreateInviteResponse>;

  // The same up to the mail, with delivery SENDING under a lease of `lease` where one is to follow. `key` is
  // the request's, or what is wrong with it.
  absl::StatusOr<Made> Make(const rpc::Call& call, const WorkspaceId& workspace,
                            const v1::CreateInviteRequest& request,
                            const absl::StatusOr<std::optional<RequestKey>>& key, absl::Duration lease);

  // Whether that invite, if it is made, is to be mailed.
  bool Mails(const v1::CreateInviteRequest& request) const {
    return sending_.mails() && request.invite().has_email() && !request.validate_only();
  }

  v1::CreateInviteResponse Answer(const Issued& issued) const {
    return AnswerOf<v1::CreateInviteResponse>(issued, options_.public_url);
  }

 private:
  absl::StatusOr<absl::Time> NowFor(const v1::CreateInviteRequest& request);
  Issued IssuedOf(const WorkspaceId& workspace, const UserId& inviter, const Draft& draft,
                  const InviteCheck& check) const;
  absl::StatusOr<Made> Store(Insertion insertion);

  InviteStore& store_;
  Membership& membership_;
  Sending sending_;
  Insertions insertions_;
  const CreationOptions options_;
};

}  // namespace guestpass::invite
