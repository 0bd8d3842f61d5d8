// SPDX-License-Identifier: Apache-2.0
#include "common/rights_feed/rights_source.h"

#include "common/status/error.h"
#include "common/status/macros.h"

namespace guestpass::rights_feed {
namespace {

absl::Status Malformed() {
  return Error(Reason::kInternal, "Membership's answer is malformed: do the versions fit together?");
}

absl::StatusOr<RightsSnapshot> Read(const rights::v1::RightsSnapshot& in) {
  RightsSnapshot out{.found = in.found(), .shard = in.shard(), .n = in.n()};
  if (out.shard >= rights::kShards) return Malformed();
  for (const rights::v1::RightsEntry& object : in.objects()) {
    ASSIGN_OR_RETURN(rights::Entry entry, FromProto(object));
    out.objects.push_back(std::move(entry.object));
  }
  return out;
}

}  // namespace

absl::StatusOr<Heads> FromProto(const rights::v1::GetRightsHeadsResponse& in) {
  if (in.heads_size() != static_cast<int>(rights::kShards) || in.epoch().empty()) return Malformed();
  return Heads{.epoch = in.epoch(),
               .database_time = absl::FromUnixMicros(in.database_us()),
               .heads = {in.heads().begin(), in.heads().end()}};
}

absl::StatusOr<LogPage> FromProto(const rights::v1::ListRightsChangesResponse& in) {
  ASSIGN_OR_RETURN(Entries changes, FromProto(in.changes()));
  return LogPage{.changes = std::move(changes), .head = in.head()};
}

absl::StatusOr<RightsBatch> FromProto(const rights::v1::BatchGetRightsResponse& in) {
  RightsBatch out{.epoch = in.epoch()};
  for (const rights::v1::RightsSnapshot& snapshot : in.snapshots()) {
    ASSIGN_OR_RETURN(RightsSnapshot read, Read(snapshot));
    out.snapshots.push_back(std::move(read));
  }
  return out;
}

rights::v1::BatchGetRightsRequest ToProto(const std::vector<RightsQuery>& queries) {
  rights::v1::BatchGetRightsRequest out;
  for (const RightsQuery& query : queries) {
    auto& wire = *out.add_queries();
    wire.set_workspace(query.workspace.ToString());
    wire.set_user(query.user.ToString());
    for (const ChannelId& channel : query.channels) wire.add_channels(channel.ToString());
  }
  return out;
}

}  // namespace guestpass::rights_feed
