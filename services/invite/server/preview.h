// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/rpc/call.h"
#include "guestpass/invite/v1/invite.pb.h"
#include "services/invite/client/membership.h"
#include "services/invite/storage/invite_store.h"

namespace guestpass::invite {

// What who has a secret may do beside redeeming (I17). Neither says the bound address. Every wrong secret,
// malformed ones too, is hashed and looked up as a right one is. Thread-safe; blocks.
class Preview {
 public:
  // Both outlive this.
  Preview(InviteStore& store, Membership& membership) : store_(store), membership_(membership) {}

  // Looks without using: INVITE_NOT_FOUND, CheckStanding's, INVITE_EXHAUSTED once every use is spent,
  // INVITE_NO_LONGER_VALID where the workspace is gone.
  absl::StatusOr<v1::PreviewInviteResponse> Look(const rpc::Call& call,
                                                 const v1::PreviewInviteRequest& request);

  // Ends an email invite for good: INVITE_NOT_FOUND, CheckRedeemable's, FIELD_INVALID for a link,
  // INVITE_EXHAUSTED for one that was redeemed, also by an attempt that was under way. Once it is answered
  // nobody joins by it any more.
  absl::StatusOr<v1::DeclineInviteResponse> Decline(const rpc::Call& call,
                                                    const v1::DeclineInviteRequest& request);

 private:
  struct Found {
    Presented presented;
    absl::Time now;
    std::vector<Reservation> open;  // Decline only
  };

  absl::StatusOr<Found> Find(const std::string& secret_hash, const UserId& user);
  absl::StatusOr<Found> SetDeclined(const std::string& secret_hash, const Redeemer& redeemer);

  InviteStore& store_;
  Membership& membership_;
};

}  // namespace guestpass::invite
