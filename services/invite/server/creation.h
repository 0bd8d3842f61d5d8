// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/call.h"
#include "guestpass/invite/v1/invite.pb.h"
#include "services/invite/client/courier.h"
#include "services/invite/client/membership.h"
#include "services/invite/domain/public_url.h"
#include "services/invite/storage/invite_store.h"

namespace guestpass::invite {

struct CreationOptions {
  absl::Duration default_lifetime = absl::Hours(7 * 24);  // at most kMaxLifetime
  std::optional<PublicUrl> public_url;                    // without one, no accept URL is given
};

// CreateInvite. Thread-safe; blocks.
class Creation {
 public:
  // All outlive this; `courier` may be null: no mail is set up.
  Creation(InviteStore& store, Membership& membership, Courier* courier, CreationOptions options)
      : store_(store), membership_(membership), courier_(courier), options_(std::move(options)) {}

  // Judged in this order (I7): the parent's name; the user's authority, by membership; the fields; channels
  // and MEMBER_EXISTS, by membership; INVITE_PENDING_FOR_EMAIL, by the database. Then the row is committed,
  // and the mail handed over; EMAIL_DELIVERY_FAILED leaves no invite.
  absl::StatusOr<v1::CreateInviteResponse> Create(const rpc::Call& call,
                                                  const v1::CreateInviteRequest& request);

 private:
  struct New {
    Invite invite;
    std::string secret;
    std::string workspace_display_name;
  };

  absl::StatusOr<New> Judge(const rpc::Call& call, const v1::CreateInviteRequest& request);
  absl::Status Insert(New& created, uint64_t removed_n);
  absl::Status Deliver(New& created);
  absl::Status TakeBack(const New& created, const absl::Status& failure);
  v1::CreateInviteResponse Respond(const New& created) const;

  InviteStore& store_;
  Membership& membership_;
  Courier* const courier_;
  const CreationOptions options_;
};

}  // namespace guestpass::invite
