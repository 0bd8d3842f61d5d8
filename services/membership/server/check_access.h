// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "common/rpc/call.h"
#include "guestpass/membership/v1/access.pb.h"
#include "services/membership/server/access_lanes.h"

namespace guestpass::membership {

// CheckAccess and BatchCheckAccess of MembershipService. Users ask about themselves while they may enter, and
// with ADMIN authority about anybody of the workspace; operators, and services for themselves, about anybody
// of any. Whether the caller may ask is judged before all but the names is validated (A2). Thread-safe.
class AccessChecks {
 public:
  template <typename Response>
  using Done = std::function<void(absl::StatusOr<Response>)>;

  // `lanes` outlives this, and is stopped after the last call has been answered.
  explicit AccessChecks(AccessLanes& lanes) : lanes_(lanes) {}

  // Never blocks: `done` is called once, here or on a lane's thread. `call` and `request` stay until then.
  // ROLE_TOO_LOW, GUEST_ENDED: for who may not ask. FIELD_INVALID. RIGHTS_STALE: the request's revision is
  // of a later state than the database's. OVERLOADED, DATABASE_UNAVAILABLE.
  void CheckAccess(const rpc::Call& call, const v1::CheckAccessRequest& request,
                   Done<v1::CheckAccessResponse> done);

  // The same for at most 1,000 requests, from one snapshot. An error of one, which names `requests[i]`, is
  // the answer to all.
  void BatchCheckAccess(const rpc::Call& call, const v1::BatchCheckAccessRequest& request,
                        Done<v1::BatchCheckAccessResponse> done);

  // The same for who can wait.
  absl::StatusOr<v1::CheckAccessResponse> Check(const rpc::Call& call, const v1::CheckAccessRequest& request);
  absl::StatusOr<v1::BatchCheckAccessResponse> BatchCheck(const rpc::Call& call,
                                                          const v1::BatchCheckAccessRequest& request);

 private:
  AccessLanes& lanes_;
};

}  // namespace guestpass::membership
