// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "services/invite/client/membership.h"
#include "services/invite/storage/invite_store.h"

// How a reservation ends: by what membership says became of the attempt, and by nothing else.
namespace guestpass::invite {

// Takes settlements of links without a limit, for later: the redeemer does not wait for them. What a crash
// loses stays open, and the keeper finds it. Thread-safe.
class SettlementSink {
 public:
  virtual ~SettlementSink() = default;

  // May block for as long as a settlement of its own takes.
  virtual void Take(const InviteStore::Settlement& settlement) = 0;
};

// Whether such an attempt spends the use that was reserved for it. Of a link only who joins by it does; an
// email invite ends with either (I11).
bool SpendsUse(JoinOutcome outcome, bool link);

// Ends one reservation at once.
absl::Status Settle(InviteStore& store, const Reservation& reservation, bool spent, bool unlimited);

// Asks membership what became of the attempt, whoever made it, and ends the reservation accordingly. After an
// error it may be open still. Asking ends the attempt: it has joined, or never will.
absl::Status ResolveAndSettle(InviteStore& store, Membership& membership, const Invite& invite,
                              const Reservation& reservation);

// The same of several of one invite, of a link without a limit in few transactions. Goes on after an error,
// and returns the first one; but ends with one that says that a service or database does not answer.
absl::Status ResolveAndSettle(InviteStore& store, Membership& membership, const Invite& invite,
                              const std::vector<Reservation>& reservations);

}  // namespace guestpass::invite
