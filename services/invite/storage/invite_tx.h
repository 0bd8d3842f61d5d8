// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/invite/domain/invite.h"
#include "services/invite/storage/request_key.h"
#include "services/invite/storage/send_tx.h"

namespace guestpass::invite {

// One database transaction about one invite or several that are made together, used from one thread.
// Lock comes before all other methods. What locks keeps the lock to the transaction's end. What only changes
// may wait for the commit: an error of Reserve, Settle, CountSend, EndStale, SetState or KeepAnswer may come
// from there. Besides what each method says, they fail as the database does, and such an error is to be
// passed on as it is.
class InviteTx : public SendTx {
 public:
  // -- One invite

  // The invite, locked; who is about to join by one without a limit is not counted. INVITE_NOT_FOUND.
  virtual absl::StatusOr<Invite> Lock(const InviteName& name) = 0;

  // Sets the state of one that is locked: REVOKED, DECLINED.
  virtual absl::Status SetState(const InviteName& name, State state) = 0;

  // How many people have joined by it.
  virtual absl::StatusOr<int32_t> CountJoined(const InviteName& name) = 0;

  // Attempts that are not settled, the oldest first.
  virtual absl::StatusOr<std::vector<Reservation>> OpenReservations(const InviteName& name,
                                                                    const OpenFilter& filter) = 0;

  // -- Redeeming

  // The invite with that secret, locked: one without a limit of uses together with others who redeem it, else
  // alone. Reads these users' reservations on the way, so that ReservationOf asks for nothing.
  // INVITE_NOT_FOUND.
  virtual absl::StatusOr<Presented> GetBySecret(absl::string_view secret_hash,
                                                const std::vector<UserId>& users) = 0;

  // The user's attempt at that invite that is open, or else spent.
  virtual absl::StatusOr<std::optional<Reservation>> ReservationOf(const InviteName& invite,
                                                                   const UserId& user) = 0;

  // Takes a use of an invite that GetBySecret gave in this transaction; the caller has seen that one is left.
  // CONFLICT where the user has just taken one.
  virtual absl::Status Reserve(const Reservation& reservation, bool unlimited) = 0;

  // Ends a reservation: `joined` spends the use, and ends an email invite (redeemed by that user, whatever
  // state it was in) and a link that has no use left; else the use is free again. Nothing where it is settled
  // already.
  virtual absl::Status Settle(const Reservation& reservation, bool joined) = 0;

  // -- Repeated requests

  // What the request was answered within the last 24 h: the bytes that KeepAnswer was given, or "" once the
  // address in them was erased. REQUEST_ID_REUSED.
  virtual absl::StatusOr<std::optional<std::string>> AnswerTo(const RequestKey& key) = 0;

  // Keeps the answer, which is not empty, with the commit, until its day is over or the address in it is
  // erased (folded; "": none). CONFLICT where a rival has just kept one.
  virtual absl::Status KeepAnswer(const RequestKey& key, absl::string_view answer,
                                  absl::string_view address) = 0;

  // Changes the answer that was kept, where it still is and not erased; drops it.
  virtual absl::Status ChangeAnswer(const RequestKey& key, absl::string_view answer) = 0;
  virtual absl::Status ForgetAnswer(const RequestKey& key) = 0;
};

}  // namespace guestpass::invite
