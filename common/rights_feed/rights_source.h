// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rights_feed/wire.h"
#include "guestpass/rights/v1/rights_service.pb.h"

namespace guestpass::rights_feed {

// The answer to GetRightsHeads.
struct Heads {
  std::string epoch;
  absl::Time database_time;
  std::vector<uint64_t> heads;  // rights::kShards of them
};

// One page of a shard's log.
struct LogPage {
  Entries changes;
  uint64_t head = 0;  // the shard's, in the same snapshot
};

// A member, and the channels that decisions on it read.
struct RightsQuery {
  WorkspaceId workspace;
  UserId user;
  std::vector<ChannelId> channels;  // at most 100
};

// What a query's decisions read, as of the shard's head `n`: WORKSPACE, ORG_MEMBER, MEMBER, and a CHANNEL and
// a PARTICIPANT for each channel asked for. A channel of another workspace of the same shard is given as it
// is, with its own workspace; one of another shard as absent.
struct RightsSnapshot {
  bool found = false;  // whether there is, or was, such a workspace; if not, nothing else is set
  uint32_t shard = 0;
  uint64_t n = 0;
  std::vector<rights::Object> objects;
};

struct RightsBatch {
  std::string epoch;
  std::vector<RightsSnapshot> snapshots;  // one for each query, in their order
};

// Membership's RightsService, as far as the feed asks it. Every call answers or fails within a second or so,
// with any status; a failure is tried again. Thread-safe: calls of different kinds run at once.
class RightsSource {
 public:
  virtual ~RightsSource() = default;

  virtual absl::StatusOr<Heads> GetRightsHeads() = 0;

  // Entries after `after_n`, oldest first, without a hole. FEED_TRUNCATED if the log begins later.
  virtual absl::StatusOr<LogPage> ListRightsChanges(uint32_t shard, uint64_t after_n) = 0;

  // At most 1,000 queries.
  virtual absl::StatusOr<RightsBatch> BatchGetRights(const std::vector<RightsQuery>& queries) = 0;
};

// Answers from their messages. INTERNAL where one is malformed.
absl::StatusOr<Heads> FromProto(const rights::v1::GetRightsHeadsResponse& response);
absl::StatusOr<LogPage> FromProto(const rights::v1::ListRightsChangesResponse& response);
absl::StatusOr<RightsBatch> FromProto(const rights::v1::BatchGetRightsResponse& response);

// The request for queries.
rights::v1::BatchGetRightsRequest ToProto(const std::vector<RightsQuery>& queries);

}  // namespace guestpass::rights_feed
