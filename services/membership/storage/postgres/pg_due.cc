// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/postgres/transact.h"
#include "common/rights/names.h"
#include "common/status/macros.h"
#include "services/membership/domain/guest_times.h"
#include "services/membership/storage/postgres/enum_text.h"
#include "services/membership/storage/postgres/pg_membership_store.h"
#include "services/membership/storage/postgres/rows.h"

// What guests' times bring about, recorded in batches.
namespace guestpass::membership {
namespace {

using postgres::Isolation;
using postgres::Params;
using postgres::Pipeline;
using postgres::Result;
using postgres::Session;

// Two at a time: one gets ready while the other one, which has the head, commits. The first number says whose
// advisory lock it is: "gpex" in ASCII. The settings make the next statement follow the index even where the
// planner's statistics know nothing yet of a crowd that is due: sorting it all for each batch would take ten
// times as long.
constexpr char kBegin[] = R"sql(
  SELECT pg_try_advisory_xact_lock(1735419256, $1::int) OR pg_try_advisory_xact_lock(1735419256, 256 + $1::int),
         now_us(), set_config('enable_sort', 'off', true),
         set_config('enable_bitmapscan', 'off', true)
)sql";

// The condition is judged again on each row as it is locked, so that a time moved meanwhile wins (G6).
constexpr char kLockDue[] = "SELECT " GUESTPASS_MEMBER_COLUMNS(m) R"sql(,
         (SELECT organization FROM workspaces w WHERE w.id = m.workspace), m.ctid
  FROM members m WHERE m.shard = $1 AND m.due_us <= $2
  ORDER BY m.due_us LIMIT $3 FOR NO KEY UPDATE OF m SKIP LOCKED
)sql";

// By ctid, which a lock keeps: no other plan than one look at each of the rows.
constexpr char kSetStates[] = R"sql(
  UPDATE members m SET recorded_state = s.state
  FROM unnest($1::tid[], $2::text[]) AS s (locked, state) WHERE m.ctid = s.locked
)sql";

constexpr char kCountDue[] = "SELECT count(*) FROM members WHERE shard = $1 AND due_us <= $2";

constexpr char kDueShards[] = R"sql(
  SELECT h.shard
  FROM rights_heads h
  CROSS JOIN LATERAL (SELECT m.due_us FROM members m WHERE m.shard = h.shard AND m.due_us <= $1
                      ORDER BY m.shard, m.due_us LIMIT 1) d
  ORDER BY d.due_us
)sql";

constexpr char kNextDeadline[] = R"sql(
  SELECT min(d.due_us)
  FROM rights_heads h
  CROSS JOIN LATERAL (SELECT m.due_us FROM members m WHERE m.shard = h.shard AND m.due_us IS NOT NULL
                      ORDER BY m.shard, m.due_us LIMIT 1) d
)sql";

// The setting makes the next statement look once into the index for each shard, even where it is planned
// while hardly anybody is a member.
constexpr char kNow[] = "SELECT now_us(), set_config('enable_bitmapscan', 'off', true)";

// Rows and what becomes of them.
struct States {
  std::vector<std::string> ctids, states;
};

const char* ActionOf(rights::GuestState state) {
  return state == rights::GuestState::kEnded ? "member.ended" : "member.soft_locked";
}

// One audit entry for each transition, one rights entry for the last.
void RecordTransitions(const Member& member, const OrganizationId& organization, absl::string_view ctid,
                       absl::Time now, RightsRecord& record, States& states) {
  rights::MemberState state = member.state;
  const std::vector<Transition> transitions = DueTransitions(state, now);
  if (transitions.empty()) return;
  for (const Transition& transition : transitions) {
    const rights::MemberState before = state;
    state.recorded = transition.state;
    record.Audit({.action = ActionOf(transition.state),
                  .target = MemberName{state.workspace, state.user}.ToString(),
                  .organization = organization,
                  .workspace = state.workspace,
                  .before = before,
                  .after = state,
                  .effective_time = transition.effective_time});
  }
  record.Add(state, transitions.back().effective_time);
  states.ctids.emplace_back(ctid);
  states.states.emplace_back(ToText(state.recorded));
}

}  // namespace

absl::StatusOr<DueBatch> PgMembershipStore::ApplyDue(uint32_t shard, int limit, const Actor& actor) {
  DueBatch batch;
  RightsRecord::Written written;
  CommittedEntries committed;
  RETURN_IF_ERROR(postgres::TransactPipelined(pool_, [&](Pipeline& pipeline) -> absl::Status {
    batch = {};
    committed = {};
    pipeline.Add(kBegin, Params::Of(shard));
    ASSIGN_OR_RETURN(const std::vector<Result> begun, pipeline.Run());
    batch.busy = !begun[0].Bool(0, 0);
    if (batch.busy) return absl::OkStatus();
    const absl::Time now = begun[0].Time(0, 1);
    pipeline.Add(kLockDue, Params::Of(shard, now, limit));
    ASSIGN_OR_RETURN(const std::vector<Result> locked, pipeline.Run());
    const Result& due = locked[0];
    RightsRecord record(actor);
    States states;
    for (int row = 0; row < due.rows(); ++row) {
      RecordTransitions(MemberIn(due, row, 0), due.As<OrganizationId>(row, 10), due.Text(row, 11), now,
                        record, states);
    }
    batch.applied = static_cast<int>(states.ctids.size());
    if (due.rows() < limit) {
      pipeline.AddSeen(kCountDue, Params::Of(shard, now), [&batch](const Result& left) {
        batch.skipped = static_cast<int>(left.Int64(0, 0)) - batch.applied;
      });
    }
    if (record.empty()) return absl::OkStatus();
    pipeline.Add(kSetStates, Params::Of(states.ctids, states.states));
    RightsRecord::Write(pipeline, shard, {{&record, &written}}, committed);
    return absl::OkStatus();
  }));
  Tell(listener_, committed);
  return batch;
}

absl::StatusOr<std::vector<uint32_t>> PgMembershipStore::DueShards() {
  std::vector<uint32_t> shards;
  RETURN_IF_ERROR(postgres::Transact(pool_, Isolation::kSnapshot, [&](Session& session) -> absl::Status {
    shards.clear();
    ASSIGN_OR_RETURN(const Result now, session.Run(kNow));
    ASSIGN_OR_RETURN(const Result due, session.Run(kDueShards, Params::Of(now.Time(0, 0))));
    for (int row = 0; row < due.rows(); ++row) shards.push_back(static_cast<uint32_t>(due.Int64(row, 0)));
    return absl::OkStatus();
  }));
  return shards;
}

absl::StatusOr<DeadlineRead> PgMembershipStore::NextDeadline() {
  DeadlineRead read;
  RETURN_IF_ERROR(postgres::Transact(pool_, Isolation::kSnapshot, [&](Session& session) -> absl::Status {
    ASSIGN_OR_RETURN(const Result now, session.Run(kNow));
    ASSIGN_OR_RETURN(const Result next, session.Run(kNextDeadline));
    read = {.now = now.Time(0, 0)};
    if (!next.IsNull(0, 0)) read.deadline = next.Time(0, 0);
    return absl::OkStatus();
  }));
  return read;
}

}  // namespace guestpass::membership
