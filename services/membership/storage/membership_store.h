// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/membership/storage/locks.h"
#include "services/membership/storage/membership_reads.h"
#include "services/membership/storage/membership_tx.h"
#include "services/membership/storage/reads.h"

namespace guestpass::membership {

// When a transaction was recorded, and the moment of the log that has all of it.
struct Committed {
  absl::Time record_time;
  rights::RightsRevision revision;
};

// What membership needs stored. Thread-safe; every method blocks. Errors of all: DATABASE_UNAVAILABLE,
// OVERLOADED.
class MembershipStore {
 public:
  virtual ~MembershipStore() = default;

  // Takes the plan's locks and runs `body` in that transaction. If it returns OK, numbers and records the
  // rights entries and audit entries that it made, commits, and tells the commit listener; else rolls back
  // and returns its error. May run body again, so it assigns and never appends. CONFLICT, OUTCOME_UNKNOWN.
  virtual absl::StatusOr<Committed> Transact(
      const LockPlan& plan, const Actor& actor,
      absl::FunctionRef<absl::Status(MembershipTx&, const Locked&)> body) = 0;

  // One of several changes, and what became of it.
  struct Change {
    const LockPlan& plan;
    const Actor& actor;
    absl::FunctionRef<absl::Status(MembershipTx&, const Locked&)> body;
    absl::Time deadline = absl::InfiniteFuture();  // of who waits: behind others it does not begin after that

    absl::StatusOr<Committed> outcome = absl::UnknownError("not made yet");
  };

  // Each of them as Transact, whatever becomes of the others, but in as few transactions as can be; those
  // that have to be made alone one after another. OVERLOADED where its time was over before its turn.
  virtual void TransactAll(std::vector<Change>& changes) = 0;

  // Reads what the viewer may see, all of it from one snapshot. May run body again.
  virtual absl::Status Read(const Viewing& viewing,
                            absl::FunctionRef<absl::Status(MembershipReads&, const View&)> body) = 0;

  // Records what guests' times of one shard have brought about, at most `limit` guests, lowest deadline
  // first, in one transaction. A guest whose row somebody else holds is left out, and a time moved meanwhile
  // wins.
  virtual absl::StatusOr<DueBatch> ApplyDue(uint32_t shard, int limit, const Actor& actor) = 0;

  // Every shard that has a guest who is due, the one with the longest due first.
  virtual absl::StatusOr<std::vector<uint32_t>> DueShards() = 0;

  // The nearest deadline that nothing has been recorded for.
  virtual absl::StatusOr<DeadlineRead> NextDeadline() = 0;

  // Rights, in the order of `queries`.
  virtual absl::StatusOr<RightsRead> ReadRights(const std::vector<RightsQuery>& queries) = 0;

  // Commits a durable beat and then, on the same session, reads all heads.
  virtual absl::StatusOr<HeadsRead> ReadHeads() = 0;

  // The shard's log after a number, at most `limit` entries. FEED_TRUNCATED.
  virtual absl::StatusOr<ChangesRead> ReadChanges(uint32_t shard, uint64_t after_n, int limit) = 0;

  // What such invites would meet, in the order of `queries`, in as few snapshots as can be.
  virtual std::vector<absl::StatusOr<InviteRead>> ReadForInvites(const std::vector<InviteQuery>& queries) = 0;

  // Cancels the key if it is undecided, and gives how it is decided now, for good.
  virtual absl::StatusOr<JoinKey> ResolveJoinKey(const std::string& key) = 0;
};

}  // namespace guestpass::membership
