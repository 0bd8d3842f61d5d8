// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "common/rpc/call.h"
#include "guestpass/membership/v1/organization.pb.h"
#include "services/membership/storage/membership_store.h"
#include "services/membership/storage/upkeep.h"

namespace guestpass::membership {

// The methods that take a user out of many places at once. Each works for 10 s at most, in small
// transactions, and says how far it is; each blocks. Errors as in membership.proto. Thread-safe. What is
// passed in outlives this.
class UserRemovals {
 public:
  UserRemovals(MembershipStore& store, Upkeep& upkeep) : store_(store), upkeep_(upkeep) {}

  absl::StatusOr<v1::RemoveUserFromOrganizationResponse> RemoveUserFromOrganization(
      const rpc::Call& call, const v1::RemoveUserFromOrganizationRequest& request);
  absl::StatusOr<v1::EraseUserResponse> EraseUser(const rpc::Call& call, const v1::EraseUserRequest& request);

 private:
  // When a call's work has to be over.
  static absl::Time WorkUntil(const rpc::Call& call);

  // Each gives how many records had an address.
  absl::StatusOr<int64_t> EraseOfMembers(const rpc::Call& call, const v1::EraseUserRequest& request,
                                         const UserId& user, absl::Time until);
  absl::StatusOr<int64_t> EraseOfRemovals(const UserId& user, absl::Time until);

  MembershipStore& store_;
  Upkeep& upkeep_;
};

}  // namespace guestpass::membership
