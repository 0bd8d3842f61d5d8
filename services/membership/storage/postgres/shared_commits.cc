// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/shared_commits.h"

#include <deque>
#include <map>
#include <optional>

#include "common/postgres/errors.h"
#include "common/postgres/transact.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/membership/storage/postgres/pg_membership_tx.h"
#include "services/membership/storage/postgres/take_locks.h"

namespace guestpass::membership {
namespace {

using postgres::Pipeline;

// A head is not waited for as long as by a change alone: a lane that waits holds up other shards' changes.
// Once one head is held, hardly longer than two transactions of due guests take (ADR 14).
constexpr absl::Duration kPatience = absl::Milliseconds(500), kImpatience = absl::Milliseconds(40);

// A change within its transaction.
struct Part {
  explicit Part(SharedCommits::Change& made) : change(made), record(made.actor) {}

  SharedCommits::Change& change;
  Locked locked;
  RightsRecord record;
  std::optional<uint32_t> shard;  // that it changes
  postgres::Statements changes;
};

using Parts = std::deque<Part>;

absl::Status LookAtAll(Pipeline& pipeline, Parts& parts) {
  std::vector<PlannedLocks> plans;
  for (Part& part : parts) plans.push_back({.plan = &part.change.plan, .locked = &part.locked});
  pipeline.LimitLockWaits(kPatience);
  RETURN_IF_ERROR(TryLocks(pipeline, plans));
  for (size_t i = 0; i < parts.size(); ++i) {
    const LockPlan& plan = *plans[i].plan;
    const bool too_weak = plan.changes_workspace && plan.changes_workspace(parts[i].locked);
    parts[i].change.alone = !plans[i].granted || too_weak;
  }
  return absl::OkStatus();
}

// Calls the body. What it changes is queued where it is to be kept; the error is of the transaction.
absl::Status Call(Pipeline& pipeline, Part& part) {
  SharedCommits::Change& change = part.change;
  part.change.written = {part.locked.now, part.locked.revision};
  PgMembershipTx tx(pipeline, part.changes, part.locked, part.record);
  change.status = change.body(tx, part.locked);
  if (pipeline.failed()) return change.status;
  if (!change.status.ok() || tx.only_judge()) {
    part.record = RightsRecord(change.actor);
    return absl::OkStatus();
  }
  part.shard = tx.shard();
  if (!part.record.empty() && !part.shard.has_value()) {
    return Error(Reason::kInternal, "a change without an organization");
  }
  pipeline.Append(part.changes);
  return absl::OkStatus();
}

// One statement for each shard, lowest first, as everybody takes several.
void WriteRecords(Pipeline& pipeline, Parts& parts, std::deque<CommittedEntries>& committed) {
  std::map<uint32_t, std::vector<RightsRecord::Part>> by_shard;
  for (Part& part : parts) {
    if (part.record.empty()) continue;
    by_shard[*part.shard].push_back({&part.record, &part.change.written});
  }
  for (const auto& [shard, records] : by_shard) {
    if (committed.size() == 1) pipeline.LimitLockWaits(kImpatience);
    RightsRecord::Write(pipeline, shard, records, committed.emplace_back());
  }
}

// What every change of a transaction that ended so would meet alone, too, or must not be done twice. Not what
// a single statement met: a lock that it got not in time.
bool IsForAll(const absl::Status& status) {
  if (HasReason(status, Reason::kOverloaded)) return postgres::SqlState(status).empty();
  return HasReason(status, Reason::kOutcomeUnknown) || HasReason(status, Reason::kDatabaseUnavailable);
}

// Says what becomes of a change whose transaction ended so.
void GiveUp(const absl::Status& status, SharedCommits::Change& change) {
  // Of what was left out there is no doubt.
  const bool left_out = change.alone || !change.status.ok();
  if (HasReason(status, Reason::kOutcomeUnknown) && left_out) return;
  change.alone = !IsForAll(status);
  if (!change.alone) change.status = status;
}

}  // namespace

bool SharedCommits::MayShare(const LockPlan& plan) {
  return plan.may_share && !plan.workspace.empty() && plan.organization_mode == LockMode::kShare &&
         plan.workspace_mode == LockMode::kShare;
}

// What is not taken is remembered as well: whoever conflicts with it stays behind it.
bool SharedCommits::Names::Take(const Change& change) {
  const std::vector<NamedLock> locks = LocksOf(change.plan, LockMode::kShare);
  const bool is_first = shared_.empty() && exclusive_.empty();
  bool conflicts = false;
  for (const NamedLock& lock : locks) {
    if (!lock.name.has_value()) continue;
    conflicts = conflicts || exclusive_.contains(*lock.name) ||
                (lock.mode == LockMode::kUpdate && shared_.contains(*lock.name));
  }
  for (const NamedLock& lock : locks) {
    if (lock.name.has_value()) (lock.mode == LockMode::kUpdate ? exclusive_ : shared_).insert(*lock.name);
  }
  const bool is_room = shared_.size() + exclusive_.size() <= kMostNames;
  return !conflicts && (is_first || is_room);
}

void SharedCommits::MakeAll(const Batch& batch) {
  std::deque<CommittedEntries> committed;
  const absl::Status status = postgres::TransactPipelined(pool_, [&](Pipeline& pipeline) -> absl::Status {
    committed.clear();
    Parts parts;
    for (Change* change : batch) parts.emplace_back(*change);
    RETURN_IF_ERROR(LookAtAll(pipeline, parts));
    for (Part& part : parts) {
      if (!part.change.alone) RETURN_IF_ERROR(Call(pipeline, part));
    }
    WriteRecords(pipeline, parts, committed);
    return absl::OkStatus();
  });
  if (!status.ok()) {
    for (Change* change : batch) GiveUp(status, *change);
    return;
  }
  for (const CommittedEntries& entries : committed) Tell(listener_, entries);
}

}  // namespace guestpass::membership
