// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "common/postgres/transact.h"
#include "common/status/macros.h"
#include "services/membership/domain/errors.h"
#include "services/membership/storage/postgres/object_json.h"
#include "services/membership/storage/postgres/pg_membership_store.h"
#include "services/membership/storage/postgres/read_rights.h"

// What is read without locks, each method from one snapshot.
namespace guestpass::membership {
namespace {

using postgres::Isolation;
using postgres::Params;
using postgres::Pipeline;
using postgres::Result;
using postgres::Session;

// `on` for this transaction whatever the server's default: the beat must not be answered before it is durable
// wherever a commit must be.
constexpr char kBeat[] =
    "SELECT set_config('synchronous_commit', 'on', true), pg_logical_emit_message(true, 'beat', '')";

constexpr char kHeads[] = "SELECT rights_epoch(), now_us(), array_agg(n ORDER BY shard) FROM rights_heads";

constexpr char kHead[] = "SELECT n, pruned_n, rights_epoch() FROM rights_heads WHERE shard = $1";

constexpr char kChanges[] = R"sql(
  SELECT n, kind, key, state, record_us, effective_us FROM rights_log
  WHERE shard = $1 AND n > $2 ORDER BY n LIMIT $3
)sql";

}  // namespace

absl::StatusOr<RightsRead> PgMembershipStore::ReadRights(const std::vector<RightsQuery>& queries) {
  RightsRead read;
  RETURN_IF_ERROR(postgres::ReadPipelined(pool_, [&](Pipeline& pipeline) {
    read = {};
    QueueRights(pipeline, queries, read);
  }));
  return read;
}

absl::StatusOr<HeadsRead> PgMembershipStore::ReadHeads() {
  ASSIGN_OR_RETURN(const postgres::Lease session, heads_pool_.Acquire());
  RETURN_IF_ERROR(session->Run(kBeat).status());
  ASSIGN_OR_RETURN(const Result result, session->Run(kHeads));
  HeadsRead read{.epoch = std::string(result.Text(0, 0)), .now = result.Time(0, 1)};
  for (const int64_t n : result.Int64Array(0, 2)) read.heads.push_back(static_cast<uint64_t>(n));
  return read;
}

absl::StatusOr<ChangesRead> PgMembershipStore::ReadChanges(uint32_t shard, uint64_t after_n, int limit) {
  ChangesRead read;
  RETURN_IF_ERROR(postgres::Transact(pool_, Isolation::kSnapshot, [&](Session& session) -> absl::Status {
    read = {};
    ASSIGN_OR_RETURN(const Result head, session.Run(kHead, Params::Of(shard)));
    const uint64_t pruned_n = static_cast<uint64_t>(head.Int64(0, 1));
    if (after_n < pruned_n) return FeedTruncated(shard, pruned_n);
    read.head = static_cast<uint64_t>(head.Int64(0, 0));
    read.epoch = std::string(head.Text(0, 2));
    ASSIGN_OR_RETURN(const Result log, session.Run(kChanges, Params::Of(shard, after_n, limit)));
    for (int row = 0; row < log.rows(); ++row) {
      ASSIGN_OR_RETURN(rights::Object object, ObjectOf(log.Text(row, 1), log.Text(row, 2), log.Text(row, 3)));
      read.entries.push_back({.n = static_cast<uint64_t>(log.Int64(row, 0)),
                              .record_time = log.Time(row, 4),
                              .effective_time = log.Time(row, 5),
                              .object = std::move(object)});
    }
    return absl::OkStatus();
  }));
  return read;
}

}  // namespace guestpass::membership
