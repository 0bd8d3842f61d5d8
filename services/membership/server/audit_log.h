// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "common/auth/seal.h"
#include "common/rpc/call.h"
#include "guestpass/membership/v1/audit.pb.h"
#include "services/membership/storage/membership_store.h"

namespace guestpass::membership {

// The methods of the audit log; each blocks. Errors as in membership.proto. Thread-safe. What is passed in
// outlives this.
class AuditLog {
 public:
  AuditLog(MembershipStore& store, const auth::Sealer& pages) : store_(store), pages_(pages) {}

  absl::StatusOr<v1::ListAuditEntriesResponse> ListAuditEntries(const rpc::Call& call,
                                                                const v1::ListAuditEntriesRequest& request);

 private:
  MembershipStore& store_;
  const auth::Sealer& pages_;
};

}  // namespace guestpass::membership
