// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/shared_commits.h"

#include <deque>
#include <map>

#include "common/postgres/transact.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/membership/storage/postgres/pg_membership_tx.h"
#include "services/membership/storage/postgres/take_locks.h"

namespace guestpass::membership {
namespace {

using postgres::Pipeline;

// Whatever is waited for nevertheless (a head, an address) is not waited for long: a change alone may.
constexpr char kPatience[] = "SELECT set_config('lock_timeout', '100ms', true)";

// A change within its transaction.
struct Part {
  explicit Part(SharedCommits::Change& made) : change(made), record(made.actor) {}

  SharedCommits::Change& change;
  Locked locked;
  RightsRecord record;
  postgres::Statements changes;
};

using Parts = std::deque<Part>;

absl::Status LookAtAll(Pipeline& pipeline, Parts& parts) {
  std::vector<PlannedLocks> plans;
  for (Part& part : parts) plans.push_back({.plan = &part.change.plan, .locked = &part.locked});
  pipeline.Add(kPatience);
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
  if (!part.record.empty() && !tx.shard().has_value()) {
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
    by_shard[part.locked.organization->shard].push_back({&part.record, &part.change.written});
  }
  for (const auto& [shard, records] : by_shard) {
    RightsRecord::Write(pipeline, shard, records, committed.emplace_back());
  }
}

// What every change of a transaction that ended so would meet alone, too, or must not be done twice.
bool IsForAll(const absl::Status& status) {
  return HasReason(status, Reason::kOutcomeUnknown) || HasReason(status, Reason::kDatabaseUnavailable) ||
         HasReason(status, Reason::kOverloaded);
}

}  // namespace

bool SharedCommits::MayShare(const LockPlan& plan) {
  return plan.may_share && !plan.workspace.empty() && plan.organization_mode == LockMode::kShare &&
         plan.workspace_mode == LockMode::kShare;
}

bool SharedCommits::Names::Take(const Change& change) {
  const std::vector<NamedLock> locks = LocksOf(change.plan, LockMode::kShare);
  for (const NamedLock& lock : locks) {
    if (!lock.name.has_value()) continue;
    if (exclusive_.contains(*lock.name)) return false;
    if (lock.mode == LockMode::kUpdate && shared_.contains(*lock.name)) return false;
  }
  for (const NamedLock& lock : locks) {
    if (lock.name.has_value()) (lock.mode == LockMode::kUpdate ? exclusive_ : shared_).insert(*lock.name);
  }
  return true;
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
    for (Change* change : batch) {
      if (IsForAll(status)) change->status = status;
      change->alone = !IsForAll(status);
    }
    return;
  }
  for (const CommittedEntries& entries : committed) {
    if (!entries.entries.empty()) listener_.OnCommit(entries);
  }
}

}  // namespace guestpass::membership
