// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "common/auth/seal.h"
#include "common/rpc/call.h"
#include "guestpass/membership/v1/organization.pb.h"
#include "services/membership/storage/membership_store.h"

namespace guestpass::membership {

// The methods of organizations; each blocks. Errors as in membership.proto. Thread-safe. What is passed in
// outlives this.
class Organizations {
 public:
  Organizations(MembershipStore& store, const auth::Sealer& pages) : store_(store), pages_(pages) {}

  absl::StatusOr<v1::Organization> CreateOrganization(const rpc::Call& call,
                                                      const v1::CreateOrganizationRequest& request);
  absl::StatusOr<v1::Organization> GetOrganization(const rpc::Call& call,
                                                   const v1::GetOrganizationRequest& request);
  absl::StatusOr<v1::ListOrganizationsResponse> ListOrganizations(
      const rpc::Call& call, const v1::ListOrganizationsRequest& request);
  absl::StatusOr<v1::Organization> UpdateOrganization(const rpc::Call& call,
                                                      const v1::UpdateOrganizationRequest& request);

 private:
  MembershipStore& store_;
  const auth::Sealer& pages_;
};

}  // namespace guestpass::membership
