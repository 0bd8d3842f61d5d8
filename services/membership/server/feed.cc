// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "common/rights_feed/wire.h"
#include "common/status/macros.h"
#include "services/membership/server/convert.h"
#include "services/membership/server/rights_service.h"

namespace guestpass::membership {
namespace {

namespace rights_v1 = rights::v1;

constexpr int kMaxQueries = 1000;
constexpr int kPageSize = 1000;

absl::StatusOr<RightsQuery> QueryIn(const rights_v1::RightsQuery& proto, int i) {
  const std::string field = absl::StrCat("queries[", i, "].");
  RightsQuery query;
  ASSIGN_OR_RETURN(query.workspace, ParseWorkspaceId(field + "workspace", proto.workspace()));
  ASSIGN_OR_RETURN(query.user, ParseUserId(field + "user", proto.user()));
  ASSIGN_OR_RETURN(query.channels, ParseChannels(field + "channels", proto.channels()));
  return query;
}

absl::StatusOr<std::vector<RightsQuery>> QueriesIn(const rights_v1::BatchGetRightsRequest& request) {
  if (request.queries_size() > kMaxQueries) return FieldInvalid("queries", "has more than 1,000");
  std::vector<RightsQuery> queries;
  for (int i = 0; i < request.queries_size(); ++i) {
    ASSIGN_OR_RETURN(RightsQuery query, QueryIn(request.queries(i), i));
    queries.push_back(std::move(query));
  }
  return queries;
}

rights_v1::RightsSnapshot SnapshotOf(const MemberRights& rights) {
  rights_v1::RightsSnapshot snapshot;
  snapshot.set_found(rights.found);
  if (!rights.found) return snapshot;
  snapshot.set_shard(rights.shard);
  snapshot.set_n(rights.n);
  const auto add = [&](const rights::Object& object) {
    *snapshot.add_objects() =
        rights_feed::ToProto(rights::Entry{rights.n, absl::UnixEpoch(), absl::UnixEpoch(), object});
  };
  add(rights.workspace);
  add(rights.organization_member);
  add(rights.member);
  for (const ChannelRights& channel : rights.channels) {
    add(channel.channel);
    add(channel.participant);
  }
  return snapshot;
}

}  // namespace

absl::StatusOr<rights_v1::BatchGetRightsResponse> RightsService::BatchGetRights(
    const rpc::Call&, const rights_v1::BatchGetRightsRequest& request) {
  ASSIGN_OR_RETURN(const std::vector<RightsQuery> queries, QueriesIn(request));
  ASSIGN_OR_RETURN(const RightsRead read, store_.ReadRights(queries));
  rights_v1::BatchGetRightsResponse response;
  response.set_epoch(read.epoch);
  response.set_database_us(absl::ToUnixMicros(read.now));
  for (const MemberRights& rights : read.members) *response.add_snapshots() = SnapshotOf(rights);
  return response;
}

absl::StatusOr<rights_v1::GetRightsHeadsResponse> RightsService::GetRightsHeads(
    const rpc::Call&, const rights_v1::GetRightsHeadsRequest&) {
  ASSIGN_OR_RETURN(const HeadsRead read, heads_.Get());
  rights_v1::GetRightsHeadsResponse response;
  response.set_epoch(read.epoch);
  response.set_database_us(absl::ToUnixMicros(read.now));
  response.mutable_heads()->Add(read.heads.begin(), read.heads.end());
  return response;
}

absl::StatusOr<rights_v1::ListRightsChangesResponse> RightsService::ListRightsChanges(
    const rpc::Call&, const rights_v1::ListRightsChangesRequest& request) {
  if (request.shard() >= rights::kShards) return FieldInvalid("shard", "is not between 0 and 255");
  if (request.after_n() > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
    return FieldInvalid("after_n", "is larger than any number of the log");
  }
  ASSIGN_OR_RETURN(ChangesRead read, store_.ReadChanges(request.shard(), request.after_n(), kPageSize));
  rights_v1::ListRightsChangesResponse response;
  *response.mutable_changes() = rights_feed::ToProto(
      rights_feed::Entries{std::move(read.epoch), request.shard(), std::move(read.entries)});
  response.set_head(read.head);
  return response;
}

}  // namespace guestpass::membership
