// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/invite/domain/invite.h"

namespace guestpass::invite {

// What the service clears away by itself, in steps of so few rows that none holds a lock for long: each
// method is one short transaction or a few, to be called again until it gives 0. Rows that others hold are
// passed over. Thread-safe; every method blocks. Errors of all: DATABASE_UNAVAILABLE, OVERLOADED, CONFLICT,
// OUTCOME_UNKNOWN.
class InviteUpkeep {
 public:
  virtual ~InviteUpkeep() = default;

  // Reservations that have been open for kAbandonedAfter, the oldest first, and whether their invite has no
  // limit.
  struct Abandoned {
    Reservation reservation;
    bool unlimited = false;
  };
  virtual absl::StatusOr<std::vector<Abandoned>> AbandonedReservations(int limit) = 0;

  // Deliveries whose lease ran out become UNKNOWN. Gives how many.
  virtual absl::StatusOr<int64_t> EndLeases(int limit) = 0;

  // Marks pending invites whose time has passed, but for those in delivery. Drops the settled reservations of
  // those that ended kKeepEnded ago, and those that have none left.
  virtual absl::StatusOr<int64_t> MarkExpired(int limit) = 0;
  virtual absl::StatusOr<int64_t> PurgeReservations(int limit) = 0;
  virtual absl::StatusOr<int64_t> Purge(int limit) = 0;

  // Drops counts of sends that no limit reads any more, and answers whose time is over.
  virtual absl::StatusOr<int64_t> ForgetSends(int limit) = 0;
  virtual absl::StatusOr<int64_t> ForgetAnswers(int limit) = 0;

  // How many there are to mark and to drop, each at most `limit`.
  struct Due {
    int64_t expired = 0, ended = 0;
  };
  virtual absl::StatusOr<Due> CountDue(int64_t limit) = 0;

  // Clears an address (folded) from invites, counts and kept answers, waiting for who holds them; invites for
  // it that could still be redeemed or resent are REVOKED. Gives how many rows had it, at most `limit` of
  // each kind.
  virtual absl::StatusOr<int64_t> EraseAddress(absl::string_view address, int limit) = 0;

  // How many rows have it, at most `limit` of each kind.
  virtual absl::StatusOr<int64_t> CountAddress(absl::string_view address, int limit) = 0;
};

}  // namespace guestpass::invite
