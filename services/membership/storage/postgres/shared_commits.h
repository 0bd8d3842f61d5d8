// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "common/lanes/lanes.h"
#include "common/postgres/pool.h"
#include "services/membership/storage/commit_listener.h"
#include "services/membership/storage/locks.h"
#include "services/membership/storage/membership_tx.h"
#include "services/membership/storage/postgres/rights_record.h"

namespace guestpass::membership {

// Makes changes that arrive together in one transaction: one look, one advance of each shard's head and one
// commit for all of them (ADR 13). A change that is refused is left out. What needs a lock that somebody has,
// or fails at the database, is to be made alone, where it waits in line. Where no transaction is under way a
// change goes at once, with those that wait by then, or, while there is a crowd, within 1 ms; beside one,
// once it has waited for 5 ms. Thread-safe.
class SharedCommits {
 public:
  // Both outlive this. At most `lanes` transactions are made at once, each on a connection of its own.
  SharedCommits(postgres::Pool& pool, CommitListener& listener, int lanes)
      : pool_(pool),
        listener_(listener),
        lanes_({.lanes = lanes, .most = kMost, .patience = kPatience, .gather = kGather},
               [this](const Batch& batch) { MakeAll(batch); }) {}

  // One of several; its body runs on the thread of any of them.
  struct Change {
    const LockPlan& plan;
    const Actor& actor;
    absl::FunctionRef<absl::Status(MembershipTx&, const Locked&)> body;

    bool alone = false;  // nothing was done: it is to be made by itself
    absl::Status status;
    RightsRecord::Written written;
  };

  // Whether a change with that plan may be made so.
  static bool MayShare(const LockPlan& plan);

  using Batch = std::vector<Change*>;

  // Blocks until each is committed or refused, or is to be made alone. Errors beside the body's: OVERLOADED
  // and DATABASE_UNAVAILABLE; OUTCOME_UNKNOWN, then for all of a transaction.
  void Make(const Batch& changes) { lanes_.DoAll(changes); }

  // How many wait for a lane now.
  size_t waiting() { return lanes_.waiting(); }

 private:
  static constexpr absl::Duration kPatience = absl::Milliseconds(5), kGather = absl::Milliseconds(1);
  static constexpr size_t kMost = 32;        // changes in one transaction
  static constexpr size_t kMostNames = 256;  // that they lock: PostgreSQL's table has room for some thousands

  // Names that the plans of one transaction lock. Two that want one of them, and not both to share it, are
  // not made together: each has to see what the other does.
  class Names {
   public:
    using Key = int;
    static Key KeyOf(const Change&) { return 0; }
    bool Take(const Change& change);

   private:
    std::set<std::string> shared_, exclusive_;
  };

  void MakeAll(const Batch& batch);

  postgres::Pool& pool_;
  CommitListener& listener_;
  Lanes<Change, Names> lanes_;
};

}  // namespace guestpass::membership
