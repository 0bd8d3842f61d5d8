// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/pg_membership_store.h"

#include <deque>
#include <optional>
#include <utility>

#include "common/postgres/transact.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/time/clock.h"
#include "services/membership/storage/postgres/pg_membership_tx.h"
#include "services/membership/storage/postgres/take_locks.h"

namespace guestpass::membership {
namespace {

using postgres::Isolation;
using postgres::Params;
using postgres::Pipeline;
using postgres::Session;

constexpr int kAttempts = 5;

// Waits for a rival that is deciding the key; the next statement sees what it decided.
constexpr char kCancelJoinKey[] = R"sql(
  INSERT INTO join_keys (join_key, outcome, decided_us, keep_until_us)
  SELECT $1::text, 'CANCELLED', now, now + $2::bigint FROM now_us() AS now ON CONFLICT (join_key) DO NOTHING
)sql";

constexpr char kReadJoinKey[] =
    "SELECT outcome, workspace, user_id, already_member FROM join_keys WHERE join_key = $1";

// Whether more than single channels and members.
bool LocksOthersOut(const LockPlan& plan, LockMode workspace_mode) {
  return plan.organization_mode == LockMode::kUpdate || workspace_mode == LockMode::kUpdate;
}

absl::StatusOr<Committed> TooLate() {
  return Error(Reason::kOverloaded, "This change was not begun in the time that its caller gave. Try again.");
}

}  // namespace

absl::StatusOr<Committed> PgMembershipStore::Transact(
    const LockPlan& plan, const Actor& actor,
    absl::FunctionRef<absl::Status(MembershipTx&, const Locked&)> body) {
  std::vector<Change> changes{{plan, actor, body}};
  TransactAll(changes);
  return std::move(changes[0].outcome);
}

void PgMembershipStore::TransactAll(std::vector<Change>& changes) {
  std::deque<SharedCommits::Change> tries;
  SharedCommits::Batch together;
  for (const Change& change : changes) {
    auto& made = tries.emplace_back(SharedCommits::Change{change.plan, change.actor, change.body});
    made.alone = !SharedCommits::MayShare(change.plan);
    if (!made.alone) together.push_back(&made);
  }
  shared_.Make(together);
  bool is_first = true;
  for (size_t i = 0; i < changes.size(); ++i) {
    Change& change = changes[i];
    if (tries[i].alone) {
      const bool is_late = !std::exchange(is_first, false) && SystemClock().Now() > change.deadline;
      change.outcome = is_late ? TooLate() : TransactAlone(change.plan, change.actor, change.body);
    } else if (tries[i].status.ok()) {
      change.outcome = Committed{tries[i].written.record_time, tries[i].written.revision};
    } else {
      change.outcome = tries[i].status;
    }
  }
}

absl::StatusOr<Committed> PgMembershipStore::TransactAlone(
    const LockPlan& plan, const Actor& actor,
    absl::FunctionRef<absl::Status(MembershipTx&, const Locked&)> body) {
  LockMode workspace_mode = plan.workspace_mode;
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    Outcome outcome;
    const absl::Status status = TransactOnce(plan, workspace_mode, actor, body, outcome);
    if (outcome.only_judged || status.ok()) {
      Tell(listener_, outcome.committed);
      return Committed{outcome.written.record_time, outcome.written.revision};
    }
    if (outcome.too_weak) workspace_mode = LockMode::kUpdate;
    if (!outcome.too_weak && !MetARival(status)) return Explained(status, outcome.join_key);
  }
  return Error(Reason::kConflict, "Others change the same thing all the time. Try again.");
}

absl::Status PgMembershipStore::TransactOnce(
    const LockPlan& plan, LockMode workspace_mode, const Actor& actor,
    absl::FunctionRef<absl::Status(MembershipTx&, const Locked&)> body, Outcome& outcome) {
  return postgres::TransactPipelined(pool_, [&](Pipeline& pipeline) -> absl::Status {
    outcome = {};
    Locked locked;
    if (plan.judge && LocksOthersOut(plan, workspace_mode)) {
      RETURN_IF_ERROR(LookAround(pipeline, plan, locked));
      RETURN_IF_ERROR(plan.judge(locked));
      locked = {};
    }
    RETURN_IF_ERROR(TakeLocks(pipeline, plan, workspace_mode, locked));
    outcome.too_weak =
        workspace_mode == LockMode::kShare && plan.changes_workspace && plan.changes_workspace(locked);
    if (outcome.too_weak) return absl::AbortedError("begin again with a stronger lock");
    RightsRecord record(actor);
    PgMembershipTx tx(pipeline, pipeline, locked, record);
    RETURN_IF_ERROR(body(tx, locked));
    outcome.written = {locked.now, locked.revision};
    outcome.join_key = tx.join_key();
    outcome.only_judged = tx.only_judge();
    if (outcome.only_judged) return absl::CancelledError("only judged");
    if (record.empty()) return absl::OkStatus();
    if (!tx.shard().has_value()) return Error(Reason::kInternal, "a change without an organization");
    RightsRecord::Write(pipeline, *tx.shard(), {{&record, &outcome.written}}, outcome.committed);
    return absl::OkStatus();
  });
}

absl::StatusOr<JoinKey> PgMembershipStore::ResolveJoinKey(const std::string& key) {
  JoinKey decided{.key = key};
  RETURN_IF_ERROR(postgres::Transact(pool_, Isolation::kReadCommitted, [&](Session& session) -> absl::Status {
    RETURN_IF_ERROR(session.Run(kCancelJoinKey, Params::Of(key, kKeepJoinKeys)).status());
    ASSIGN_OR_RETURN(const postgres::Result result, session.Run(kReadJoinKey, Params::Of(key)));
    if (result.rows() != 1) return Error(Reason::kInternal, "a join key vanished while it was decided");
    decided.outcome =
        result.Text(0, 0) == "JOINED" ? JoinKey::Outcome::kJoined : JoinKey::Outcome::kCancelled;
    decided.workspace = result.As<WorkspaceId>(0, 1);
    decided.user = result.As<UserId>(0, 2);
    decided.already_member = result.Bool(0, 3);
    return absl::OkStatus();
  }));
  return decided;
}

}  // namespace guestpass::membership
