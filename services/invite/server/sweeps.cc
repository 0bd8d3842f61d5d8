// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/sweeps.h"

#include "common/status/macros.h"
#include "services/invite/server/authority.h"

namespace guestpass::invite {

absl::StatusOr<v1::SweepInvitesResponse> Sweeps::Sweep(const rpc::Call& call,
                                                       const v1::SweepInvitesRequest& request) {
  RETURN_IF_ERROR(RequireOperator(call));
  return request.validate_only() ? Count() : Work();
}

absl::StatusOr<v1::SweepInvitesResponse> Sweeps::Count() {
  ASSIGN_OR_RETURN(const InviteUpkeep::Due due, upkeep_.CountDue(kCountAtMost));
  v1::SweepInvitesResponse response;
  response.set_expired(due.expired);
  response.set_purged(due.ended);
  response.set_done(due.expired == 0 && due.ended == 0);
  return response;
}

absl::StatusOr<v1::SweepInvitesResponse> Sweeps::Work() {
  const absl::Duration end = clock_.Boot() + options_.time;
  v1::SweepInvitesResponse response;
  int64_t marked = 1, attempts = 1, dropped = 1;
  while ((marked > 0 || attempts > 0 || dropped > 0) && clock_.Boot() < end) {
    ASSIGN_OR_RETURN(marked, upkeep_.MarkExpired(options_.step));
    ASSIGN_OR_RETURN(attempts, upkeep_.PurgeReservations(options_.step));
    ASSIGN_OR_RETURN(dropped, upkeep_.Purge(options_.step));
    response.set_expired(response.expired() + marked);
    response.set_purged(response.purged() + dropped);
  }
  // What others hold is passed over, and so left.
  ASSIGN_OR_RETURN(const InviteUpkeep::Due left, upkeep_.CountDue(1));
  response.set_done(left.expired == 0 && left.ended == 0);
  return response;
}

}  // namespace guestpass::invite
