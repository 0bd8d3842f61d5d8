// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/pg_upkeep.h"

#include <utility>

#include "common/postgres/transact.h"
#include "common/status/macros.h"

namespace guestpass::membership {
namespace {

using postgres::Params;
using postgres::Pipeline;
using postgres::Result;

// Each step looks at as many rows as it clears, whatever the planner's statistics know of a crowd that came
// or went since: it follows an index, in its order.
constexpr char kByIndex[] =
    "SELECT set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true)";

// The first number says whose advisory lock it is: "gppr" in ASCII.
constexpr char kAlone[] = "SELECT pg_try_advisory_xact_lock(1735422066, $1::int)";

// What is pruned already, and how far the oldest entries are all old enough: never beyond a younger one, so
// that what is left has no hole.
constexpr char kOldest[] = R"sql(
  SELECT h.pruned_n, (
    SELECT max(judged.n)
    FROM (SELECT oldest.n,
                 bool_and(oldest.record_us < (SELECT now_us() - $2::bigint)) OVER (ORDER BY oldest.n) AS old
          FROM (SELECT l.n, l.record_us FROM rights_log l WHERE l.shard = h.shard AND l.n > h.pruned_n
                ORDER BY l.n LIMIT $3) oldest) judged
    WHERE judged.old)
  FROM rights_heads h WHERE h.shard = $1
)sql";

constexpr char kDropEntries[] = "DELETE FROM rights_log WHERE shard = $1 AND n > $2 AND n <= $3";
constexpr char kRaise[] = "UPDATE rights_heads SET pruned_n = greatest(pruned_n, $2) WHERE shard = $1";

// Here and below, rows are locked and gone through by ctid, which a lock keeps: no other plan than one look
// at each of them.
constexpr char kForgetJoinKeys[] = R"sql(
  DELETE FROM join_keys WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM join_keys WHERE keep_until_us <= (SELECT now_us())
    ORDER BY keep_until_us LIMIT $1 FOR UPDATE SKIP LOCKED))
)sql";

constexpr char kForgetAnswers[] = R"sql(
  DELETE FROM request_answers WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM request_answers WHERE keep_until_us <= (SELECT now_us())
    ORDER BY keep_until_us LIMIT $1 FOR UPDATE SKIP LOCKED))
)sql";

// LATERAL and LIMIT make it a look into the index for each workspace, and not a join with all members.
constexpr char kUncleared[] = R"sql(
  SELECT w.id FROM workspaces w
  CROSS JOIN LATERAL (SELECT FROM members WHERE workspace = w.id LIMIT 1) m
  WHERE w.deleted ORDER BY w.id LIMIT $1
)sql";

constexpr char kClearParticipants[] = R"sql(
  DELETE FROM participants WHERE ctid = ANY (ARRAY(
    SELECT p.ctid FROM workspaces w JOIN channels c ON c.workspace = w.id
    CROSS JOIN LATERAL (SELECT ctid FROM participants WHERE channel = c.id
                        ORDER BY user_id LIMIT $2 FOR UPDATE SKIP LOCKED) p
    WHERE w.id = $1 AND w.deleted LIMIT $2))
)sql";

// Members go last: by them a workspace is known to be uncleared.
constexpr char kClearMembers[] = R"sql(
  DELETE FROM members WHERE ctid = ANY (ARRAY(
    SELECT m.ctid FROM workspaces w
    CROSS JOIN LATERAL (SELECT ctid FROM members WHERE workspace = w.id
                        ORDER BY user_id LIMIT $2 FOR UPDATE SKIP LOCKED) m
    WHERE w.id = $1 AND w.deleted AND NOT EXISTS (
      SELECT FROM channels c CROSS JOIN LATERAL (SELECT FROM participants WHERE channel = c.id LIMIT 1) p
      WHERE c.workspace = $1)))
)sql";

constexpr char kCountMembers[] = "SELECT count(*) FROM members WHERE workspace = $1";

// A removal that is being recorded may wait for one of these rows while we wait for its own: this ends it.
constexpr absl::Duration kBrieflyOnly = absl::Milliseconds(20);

// What a place has of the user becomes one record, without an address, of the latest removal.
constexpr char kEraseOfRemovals[] = R"sql(
  WITH gone AS (
    DELETE FROM removed_members WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM removed_members WHERE user_id = $1 AND address_hash <> '' LIMIT $2 FOR UPDATE SKIP LOCKED))
    RETURNING place, removed_n
  ), kept AS (
    INSERT INTO removed_members (place, user_id, address_hash, removed_n)
    SELECT place, $1, '', max(removed_n) FROM gone GROUP BY place ORDER BY place
    ON CONFLICT (place, user_id, address_hash)
    DO UPDATE SET removed_n = greatest(removed_members.removed_n, excluded.removed_n)
  )
  SELECT count(*) FROM gone
)sql";

constexpr char kCountAddresses[] = R"sql(
  SELECT (SELECT count(*) FROM members WHERE user_id = $1 AND address IS NOT NULL) +
         (SELECT count(*) FROM removed_members WHERE user_id = $1 AND address_hash <> '')
)sql";

constexpr char kWorkspacesOf[] = R"sql(
  SELECT m.workspace FROM members m JOIN workspaces w ON w.id = m.workspace
  WHERE m.user_id = $2 AND m.workspace > coalesce($3::text, '') AND w.organization = $1 AND NOT w.deleted
  ORDER BY m.workspace LIMIT $4
)sql";

constexpr char kAddressesOf[] = R"sql(
  SELECT DISTINCT m.address FROM members m JOIN workspaces w ON w.id = m.workspace
  WHERE m.user_id = $2 AND w.organization = $1 AND m.address IS NOT NULL
)sql";

constexpr char kCountWorkspacesOf[] = R"sql(
  SELECT count(*) FROM members m JOIN workspaces w ON w.id = m.workspace
  WHERE m.user_id = $2 AND m.workspace > coalesce($3::text, '') AND w.organization = $1 AND NOT w.deleted
)sql";

// Two are enough to know that there is another.
constexpr char kOnlyAdminOf[] = R"sql(
  SELECT m.workspace FROM members m
  WHERE m.workspace = ANY ($1::text[]) AND m.user_id = $2 AND m.role = 'ADMIN' AND 1 = (
    SELECT count(*)
    FROM (SELECT FROM members a WHERE a.workspace = m.workspace AND a.role = 'ADMIN' LIMIT 2) two)
  ORDER BY m.workspace
)sql";

constexpr char kWorkspacesWithAddress[] = R"sql(
  SELECT workspace FROM members
  WHERE user_id = $1 AND workspace > coalesce($2::text, '') AND address IS NOT NULL ORDER BY workspace LIMIT $3
)sql";

absl::StatusOr<Result> RunOne(Pipeline& pipeline, absl::string_view sql, Params params) {
  pipeline.Add(sql, std::move(params));
  ASSIGN_OR_RETURN(std::vector<Result> results, pipeline.Run());
  return std::move(results.back());
}

// One statement, as a transaction.
absl::StatusOr<Result> Step(postgres::Pool& pool, absl::string_view sql, const Params& params) {
  absl::StatusOr<Result> result = absl::UnknownError("");
  RETURN_IF_ERROR(postgres::TransactPipelined(pool, [&](Pipeline& pipeline) -> absl::Status {
    pipeline.Add(kByIndex);
    result = RunOne(pipeline, sql, params);
    return result.status();
  }));
  return result;
}

absl::StatusOr<int64_t> Change(postgres::Pool& pool, absl::string_view sql, const Params& params) {
  ASSIGN_OR_RETURN(const Result result, Step(pool, sql, params));
  return result.affected();
}

absl::StatusOr<int64_t> Count(postgres::Pool& pool, absl::string_view sql, const Params& params) {
  ASSIGN_OR_RETURN(const Result result, Step(pool, sql, params));
  return result.Int64(0, 0);
}

absl::StatusOr<std::vector<WorkspaceId>> List(postgres::Pool& pool, absl::string_view sql,
                                              const Params& params) {
  ASSIGN_OR_RETURN(const Result result, Step(pool, sql, params));
  std::vector<WorkspaceId> workspaces;
  for (int row = 0; row < result.rows(); ++row) workspaces.push_back(result.As<WorkspaceId>(row, 0));
  return workspaces;
}

}  // namespace

absl::StatusOr<int64_t> PgUpkeep::PruneLog(uint32_t shard, absl::Duration age, int limit) {
  int64_t pruned = 0;
  RETURN_IF_ERROR(postgres::TransactPipelined(pool_, [&](Pipeline& pipeline) -> absl::Status {
    pruned = 0;
    pipeline.Add(kByIndex);
    pipeline.Add(kAlone, Params::Of(shard));
    pipeline.Add(kOldest, Params::Of(shard, age, limit));
    ASSIGN_OR_RETURN(const std::vector<Result> found, pipeline.Run());
    const bool alone = found[1].Bool(0, 0);
    const Result& oldest = found[2];
    if (!alone || oldest.rows() == 0 || oldest.IsNull(0, 1)) return absl::OkStatus();
    const int64_t from = oldest.Int64(0, 0), to = oldest.Int64(0, 1);
    ASSIGN_OR_RETURN(const Result dropped, RunOne(pipeline, kDropEntries, Params::Of(shard, from, to)));
    pruned = dropped.affected();
    pipeline.Add(kRaise, Params::Of(shard, to));
    return absl::OkStatus();
  }));
  return pruned;
}

absl::StatusOr<int64_t> PgUpkeep::ForgetJoinKeys(int limit) {
  return Change(pool_, kForgetJoinKeys, Params::Of(limit));
}

absl::StatusOr<int64_t> PgUpkeep::ForgetAnswers(int limit) {
  return Change(pool_, kForgetAnswers, Params::Of(limit));
}

absl::StatusOr<std::vector<WorkspaceId>> PgUpkeep::UnclearedWorkspaces(int limit) {
  return List(pool_, kUncleared, Params::Of(limit));
}

absl::StatusOr<int64_t> PgUpkeep::ClearWorkspace(const WorkspaceId& workspace, int limit) {
  int64_t cleared = 0;
  const Params params = Params::Of(workspace, limit);
  RETURN_IF_ERROR(postgres::TransactPipelined(pool_, [&](Pipeline& pipeline) -> absl::Status {
    pipeline.Add(kByIndex);
    ASSIGN_OR_RETURN(const Result participants, RunOne(pipeline, kClearParticipants, params));
    cleared = participants.affected();
    if (cleared > 0) return absl::OkStatus();
    ASSIGN_OR_RETURN(const Result members, RunOne(pipeline, kClearMembers, params));
    cleared = members.affected();
    return absl::OkStatus();
  }));
  return cleared;
}

absl::StatusOr<int64_t> PgUpkeep::CountMembers(const WorkspaceId& workspace) {
  return Count(pool_, kCountMembers, Params::Of(workspace));
}

absl::StatusOr<int64_t> PgUpkeep::EraseAddresses(const UserId& user, int limit) {
  int64_t erased = 0;
  const Params params = Params::Of(user, limit);
  RETURN_IF_ERROR(postgres::TransactPipelined(pool_, [&](Pipeline& pipeline) -> absl::Status {
    pipeline.Add(kByIndex);
    pipeline.LimitLockWaits(kBrieflyOnly);
    ASSIGN_OR_RETURN(const Result removals, RunOne(pipeline, kEraseOfRemovals, params));
    erased = removals.Int64(0, 0);
    return absl::OkStatus();
  }));
  return erased;
}

absl::StatusOr<int64_t> PgUpkeep::CountAddresses(const UserId& user) {
  return Count(pool_, kCountAddresses, Params::Of(user));
}

absl::StatusOr<std::vector<WorkspaceId>> PgUpkeep::WorkspacesOf(const OrganizationId& organization,
                                                                const UserId& user, const WorkspaceId& after,
                                                                int limit) {
  return List(pool_, kWorkspacesOf, Params::Of(organization, user, after, limit));
}

absl::StatusOr<int64_t> PgUpkeep::CountWorkspacesOf(const OrganizationId& organization, const UserId& user,
                                                    const WorkspaceId& after) {
  return Count(pool_, kCountWorkspacesOf, Params::Of(organization, user, after));
}

absl::StatusOr<std::vector<std::string>> PgUpkeep::AddressesOf(const OrganizationId& organization,
                                                               const UserId& user) {
  ASSIGN_OR_RETURN(const Result result, Step(pool_, kAddressesOf, Params::Of(organization, user)));
  std::vector<std::string> addresses;
  for (int row = 0; row < result.rows(); ++row) addresses.emplace_back(result.Text(row, 0));
  return addresses;
}

absl::StatusOr<std::vector<WorkspaceId>> PgUpkeep::OnlyAdminOf(const std::vector<WorkspaceId>& workspaces,
                                                               const UserId& user) {
  return List(pool_, kOnlyAdminOf, Params::Of(workspaces, user));
}

absl::StatusOr<std::vector<WorkspaceId>> PgUpkeep::WorkspacesWithAddress(const UserId& user,
                                                                         const WorkspaceId& after,
                                                                         int limit) {
  return List(pool_, kWorkspacesWithAddress, Params::Of(user, after, limit));
}

}  // namespace guestpass::membership
