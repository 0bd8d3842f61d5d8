// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rights/decide.h"
#include "common/rights/ids.h"

namespace guestpass::membership {

// Where a user stands in a channel of a workspace, and who somebody else is there.
struct AccessQuery {
  WorkspaceId workspace;
  UserId asker;  // whose authority is wanted besides; empty: nobody's
  UserId user;
  ChannelId channel;  // empty: none, which is as one that does not exist
};

// What decisions on one query read; what does not exist is here as absent. A channel of another workspace,
// and so of another shard, is absent: a number of this shard says nothing about it.
struct AccessRights {
  bool found = false;  // whether there is such a workspace; if not, nothing else is set
  uint32_t shard = 0;
  uint64_t n = 0;  // the shard's head in the snapshot
  rights::Authority asker;
  rights::Standing target;
};

struct AccessRead {
  std::string epoch;
  absl::Time now;                    // the database's clock, read after the snapshot was taken
  std::vector<AccessRights> rights;  // in the order asked for
};

// Reads what access checks need, as much as is asked for at once. Thread-safe.
class AccessReader {
 public:
  virtual ~AccessReader() = default;

  // All of it from one snapshot of the primary, taken after the call. Blocks. OVERLOADED,
  // DATABASE_UNAVAILABLE.
  virtual absl::StatusOr<AccessRead> ReadAccess(const std::vector<AccessQuery>& queries) = 0;
};

}  // namespace guestpass::membership
