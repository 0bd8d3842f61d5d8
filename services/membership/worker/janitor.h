// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/time/rounds.h"
#include "services/membership/storage/upkeep.h"

namespace guestpass::membership {

struct JanitorOptions {
  absl::Duration interval = absl::Seconds(60);  // from the end of a round to the next
  absl::Duration log_age = absl::Hours(24);  // how long entries of the log are kept for readers to catch up
  int batch = 1'000;                         // rows that one step clears at most
};

// Clears away, in rounds, what nobody needs any more: old entries of every shard's log, join keys and answers
// whose time is over, records of deleted workspaces. Each round goes on, in small steps, until nothing is
// left; any number of replicas may run. If it is late or dead, tables grow and nothing else happens. It never
// gives up: a kind of work that fails is left until the next round, and the log says once when that begins,
// and once when it ends. Thread-safe.
class Janitor {
 public:
  // `upkeep` outlives this.
  Janitor(Upkeep& upkeep, const JanitorOptions& options) : upkeep_(upkeep), options_(options) {}
  // As of Rounds; Stop ends after the step under way.
  void Start();
  void Stop() { rounds_.Stop(); }

 private:
  // What a round cleared, of each kind.
  struct Cleared {
    int64_t log_entries = 0, join_keys = 0, answers = 0, records = 0;
  };

  void Run();
  absl::Status Clear(Cleared& cleared);
  absl::Status PruneLogs(int64_t& cleared);
  absl::Status ClearWorkspaces(int64_t& cleared);
  absl::Status Repeat(absl::FunctionRef<absl::StatusOr<int64_t>()> step, int64_t& cleared);

  Upkeep& upkeep_;
  const JanitorOptions options_;
  bool failing_ = false;  // in the round before
  Rounds rounds_;
};

}  // namespace guestpass::membership
