// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/invite/domain/invite.h"

namespace guestpass::invite {

// What invites need stored. An InviteTx is one database transaction, used from one thread; besides what each
// method says, they fail as the database does, and such an error is to be passed on as it is.
class InviteTx {
 public:
  virtual ~InviteTx() = default;

  // The database's clock, read when the transaction began, and anew once GetBySecret has its lock.
  virtual absl::Time Now() const = 0;

  // Ends the pending invite of that address (folded) where it no longer stands: REVOKED with a rights number
  // below `removed_n` (M7), else EXPIRED where its time has come.
  virtual absl::Status EndStale(const WorkspaceId& workspace, absl::string_view address,
                                uint64_t removed_n) = 0;

  // Stores a new invite, and of its secret the SHA-256 only. INVITE_PENDING_FOR_EMAIL where a pending one for
  // its address stands, however many callers race: one of them succeeds.
  virtual absl::Status Insert(const Invite& invite, absl::string_view secret_hash) = 0;

  // Its mail was handed over.
  virtual absl::Status MarkSent(const InviteName& name) = 0;

  // Removes an invite whose mail failed; false, and nothing is changed, where it is not pending, not in
  // delivery, or somebody has begun to redeem it.
  virtual absl::StatusOr<bool> RemoveUndelivered(const InviteName& name) = 0;

  // The invite with that secret, its row locked to the end of the transaction: who redeems it, and who
  // settles a reservation of it, come one after another. INVITE_NOT_FOUND.
  virtual absl::StatusOr<Invite> GetBySecret(absl::string_view secret_hash) = 0;

  // The reservation of that invite that is not settled, if there is one.
  virtual absl::StatusOr<std::optional<Reservation>> OpenReservation(const InviteName& invite) = 0;

  // Takes the use. Asked with the invite's row locked and no reservation open.
  virtual absl::Status Reserve(const Reservation& reservation) = 0;

  // Ends a reservation, locking the invite: `joined` spends the use, and the invite is REDEEMED by the
  // reservation's user, whatever state it was in; else the use is free again. Nothing where the reservation
  // is settled already: membership answers everybody alike.
  virtual absl::Status Settle(const Reservation& reservation, bool joined) = 0;
};

// Thread-safe; every method blocks. Errors of all: DATABASE_UNAVAILABLE, OVERLOADED.
class InviteStore {
 public:
  virtual ~InviteStore() = default;

  // Runs `body` in a transaction: commits if it returns OK, else rolls back and returns its error. May run it
  // again after a serialization failure, so it assigns and never appends. CONFLICT, OUTCOME_UNKNOWN.
  virtual absl::Status Transact(absl::FunctionRef<absl::Status(InviteTx&)> body) = 0;

  // The database's clock.
  virtual absl::StatusOr<absl::Time> Now() = 0;
};

}  // namespace guestpass::invite
