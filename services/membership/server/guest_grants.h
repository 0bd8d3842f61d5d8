// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "common/auth/seal.h"
#include "common/rpc/call.h"
#include "guestpass/membership/v1/channel.pb.h"
#include "services/membership/storage/membership_store.h"

namespace guestpass::membership {

// The methods of guests' grants; each blocks. Errors as in membership.proto. Thread-safe. What is passed in
// outlives this. A guest's grants are part of its member: each change is one entry of its kind. They change
// whatever the guest's state, so that an admin can prepare its return.
class GuestGrants {
 public:
  GuestGrants(MembershipStore& store, const auth::Sealer& pages) : store_(store), pages_(pages) {}

  absl::StatusOr<v1::GuestGrant> AddGuestGrant(const rpc::Call& call,
                                               const v1::AddGuestGrantRequest& request);
  absl::StatusOr<v1::RemoveGuestGrantResponse> RemoveGuestGrant(const rpc::Call& call,
                                                                const v1::RemoveGuestGrantRequest& request);
  absl::StatusOr<v1::ListGuestGrantsResponse> ListGuestGrants(const rpc::Call& call,
                                                              const v1::ListGuestGrantsRequest& request);

 private:
  MembershipStore& store_;
  const auth::Sealer& pages_;
};

}  // namespace guestpass::membership
