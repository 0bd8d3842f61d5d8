// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "common/auth/seal.h"
#include "common/rpc/call.h"
#include "guestpass/membership/v1/organization.pb.h"
#include "services/membership/storage/membership_store.h"

namespace guestpass::membership {

// The methods of who has a role in an organization; each blocks. Errors as in membership.proto. Thread-safe.
// What is passed in outlives this.
class OrganizationMembers {
 public:
  OrganizationMembers(MembershipStore& store, const auth::Sealer& pages) : store_(store), pages_(pages) {}

  absl::StatusOr<v1::OrganizationMember> AddOrganizationMember(
      const rpc::Call& call, const v1::AddOrganizationMemberRequest& request);
  absl::StatusOr<v1::RemoveOrganizationMemberResponse> RemoveOrganizationMember(
      const rpc::Call& call, const v1::RemoveOrganizationMemberRequest& request);
  absl::StatusOr<v1::ListOrganizationMembersResponse> ListOrganizationMembers(
      const rpc::Call& call, const v1::ListOrganizationMembersRequest& request);

 private:
  MembershipStore& store_;
  const auth::Sealer& pages_;
};

}  // namespace guestpass::membership
