// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/invite/client/courier.h"
#include "services/invite/server/issued.h"
#include "services/invite/storage/invite_store.h"

namespace guestpass::invite {

// As InviteStore::Transact, again for some seconds while the database does not answer or is busy: for what
// became of a mail, which nobody can ask again. `body` may have been done by an attempt before.
absl::Status TransactPatiently(InviteStore& store, absl::FunctionRef<absl::Status(InviteTx&)> body);

// Hands invites' mail over while who asked for it waits, and records what became of it (I9). No transaction
// is open meanwhile. Thread-safe; blocks.
class Sending {
 public:
  // Both outlive this. A conversation with the mail server gets `mail_timeout`.
  Sending(InviteStore& store, Courier& courier, absl::Duration mail_timeout)
      : store_(store), courier_(courier), lease_(DeliveryLease(mail_timeout)) {}

  // Whether mail is set up.
  bool mails() const { return courier_.configured(); }

  // What an invite's delivery is when it is stored: kSending means that Send is to follow.
  Delivery First(const Invite& invite) const;

  // For how long the invite is then held to be in delivery.
  absl::Duration lease() const { return lease_; }

  // Takes back, in the transaction, what was stored; false: it is too late for that.
  using Undo = absl::FunctionRef<absl::StatusOr<bool>(InviteTx&)>;
  // What is kept of the answer.
  using Kept = absl::FunctionRef<std::string(const Issued&)>;

  // Hands over the mail of an invite that is in delivery; what became of it is then in `issued`, where it
  // could be recorded. Where it could not, that is logged, and the lease makes it UNKNOWN.
  // EMAIL_DELIVERY_FAILED: refused, and taken back with all that was counted and kept. OUTCOME_UNKNOWN:
  // refused, and perhaps not taken back.
  absl::Status Send(Issued& issued, Undo undo, Kept kept);

 private:
  absl::StatusOr<bool> IsUndone(const Issued& issued, Undo undo);
  absl::Status TakeBack(const Issued& issued, const absl::Status& refusal, Undo undo);
  void Record(Issued& issued, Delivery delivery, Kept kept);

  InviteStore& store_;
  Courier& courier_;
  const absl::Duration lease_;
};

}  // namespace guestpass::invite
