// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/time/rounds.h"
#include "services/invite/client/membership.h"
#include "services/invite/storage/invite_store.h"
#include "services/invite/storage/invite_upkeep.h"

namespace guestpass::invite {

struct KeeperOptions {
  absl::Duration interval = absl::Seconds(2);  // from the end of a round to the next
  absl::Duration turn = absl::Seconds(2);      // how long one kind of clearing goes on within a round
  int batch = 1'000;                           // rows that one step takes at most
};

// What the service does by itself, in rounds. First it ends what crashes and silence left open: it asks
// membership what became of abandoned reservations, and spends or frees them (I14); deliveries whose lease
// ran out become UNKNOWN. Then it marks expired invites, and drops what is no longer needed. Any number of
// replicas may run. It never gives up: a kind of work that fails is left until the next round, and the log
// says once when that begins, and once when it ends. It never makes a member. Thread-safe.
class Keeper {
 public:
  // All outlive this.
  Keeper(InviteStore& store, InviteUpkeep& upkeep, Membership& membership, const KeeperOptions& options = {})
      : store_(store), upkeep_(upkeep), membership_(membership), options_(options) {}

  // As of Rounds; Stop ends after the step under way.
  void Start();
  void Stop() { rounds_.Stop(); }

  // One round; the first error of each that it met. For Start, and for tests.
  absl::Status Round();

 private:
  using Abandoned = InviteUpkeep::Abandoned;

  void Run();
  absl::Status SettleAbandoned();
  // Gives how many were ended, and the first error by `status`.
  int SettleBatch(const std::vector<Abandoned>& batch, absl::Status& status);
  absl::Status SettleLimited(const Reservation& reservation, JoinOutcome outcome);
  absl::Status Repeat(absl::FunctionRef<absl::StatusOr<int64_t>()> step);

  InviteStore& store_;
  InviteUpkeep& upkeep_;
  Membership& membership_;
  const KeeperOptions options_;
  bool failing_ = false;  // in the round before
  Rounds rounds_;
};

}  // namespace guestpass::invite
