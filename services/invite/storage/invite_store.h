// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/invite/storage/invite_tx.h"

namespace guestpass::invite {

// Which invites to list. A value.
struct InviteFilter {
  WorkspaceId workspace;
  std::vector<State> states;  // by time, as StateAt gives them; empty: all
  std::optional<absl::Time> expire_before;
};

// A place in a list, newest first: what comes behind it is older, or as old with a smaller id.
struct InvitePlace {
  absl::Time create_time;
  InviteId invite;
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

  // The invite as it is; its `reserved` is right for links without a limit, too. INVITE_NOT_FOUND.
  virtual absl::StatusOr<Invite> Get(const InviteName& name) = 0;
  virtual absl::StatusOr<std::vector<Invite>> List(const InviteFilter& filter,
                                                   const std::optional<InvitePlace>& after, int limit) = 0;

  // Gives deliveries that wait a lease from now on, where they are still of that generation.
  struct Waiting {
    InviteName invite;
    int generation = 1;
  };
  virtual absl::Status RenewLeases(const std::vector<Waiting>& waiting, absl::Duration lease) = 0;

  // Settles reservations of links without a limit, in one transaction.
  struct Settlement {
    Reservation reservation;
    bool joined = false;
  };
  virtual absl::Status SettleUnlimited(const std::vector<Settlement>& settlements) = 0;
};

}  // namespace guestpass::invite
