// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "common/rpc/call.h"
#include "guestpass/invite/v1/invite.pb.h"
#include "services/invite/client/membership.h"
#include "services/invite/storage/invite_store.h"

namespace guestpass::invite {

// RevokeInvite (I16). Thread-safe; blocks for as long as attempts under way need to be decided.
//
// First the state is committed, so that nobody begins any more; then everybody who has begun either has
// joined or never will; and only then it is answered. Where membership does not answer it is an error, the
// invite stays revoked, and revoking it again goes on from there.
class Revocation {
 public:
  // Both outlive this.
  Revocation(InviteStore& store, Membership& membership) : store_(store), membership_(membership) {}

  // FIELD_INVALID for the name; the authority's errors; FIELD_INVALID or REQUEST_ID_REUSED for the request
  // id; INVITE_NOT_FOUND; SERVICE_UNAVAILABLE.
  absl::StatusOr<v1::RevokeInviteResponse> Revoke(const rpc::Call& call,
                                                  const v1::RevokeInviteRequest& request);

 private:
  // An invite that nobody begins to redeem any more, and who has begun.
  struct Ended {
    Invite invite;
    std::vector<Reservation> open;
  };

  absl::StatusOr<Ended> End(const InviteName& name);
  absl::StatusOr<v1::RevokeInviteResponse> Answer(const InviteName& name,
                                                  const std::optional<RequestKey>& key);

  InviteStore& store_;
  Membership& membership_;
};

}  // namespace guestpass::invite
