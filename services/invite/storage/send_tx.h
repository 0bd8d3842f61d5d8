// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/invite/domain/invite.h"
#include "services/invite/storage/send_limits.h"

namespace guestpass::invite {

// An invite to be stored.
struct NewInvite {
  const Invite& invite;
  std::string secret_hash;
  absl::Time lease_end;
};

// The part of a transaction that is about creating and resending, and what becomes of the mail; see InviteTx.
class SendTx {
 public:
  virtual ~SendTx() = default;

  // The database's clock, read when the transaction began, and anew by every method that locks.
  virtual absl::Time Now() const = 0;

  // Locks what these creations or resends are counted by, of which no two have an inviter in a workspace or
  // an address in common, and says which it got: what somebody else has is not waited for. JudgeSend asks for
  // nothing then. From then on the transaction waits 500 ms at most for a row: OVERLOADED.
  virtual absl::StatusOr<std::vector<bool>> TryLockSends(const std::vector<const Invite*>& invites,
                                                         const SendLimits& limits) = 0;

  // Whether the invite's inviter may send once more in its workspace in a sliding hour, and where its
  // delivery is SENDING a mail may go to its address; waits for others who count for the same, so that no two
  // take the last place. INVITE_RATE_LIMITED with RetryInfo.
  virtual absl::Status JudgeSend(const Invite& invite, const SendLimits& limits) = 0;

  // Counts what JudgeSend has passed in this transaction, as its generation's.
  virtual absl::Status CountSend(const Invite& invite) = 0;

  // Ends the pending invite of that address (folded) where it no longer stands: REVOKED with a rights number
  // below `removed_n` (M7), else EXPIRED where its time has come.
  virtual absl::Status EndStale(const WorkspaceId& workspace, absl::string_view address,
                                uint64_t removed_n) = 0;

  // Stores new invites, and of their secrets the SHA-256 only; whether it did, for each. With delivery
  // SENDING it holds the lease of the delivery until `lease_end`. False where a pending one for its address
  // stands, however many callers race: one of them succeeds. In order of workspace and address, as should be
  // EndStale for several, or two transactions may wait for each other.
  virtual absl::StatusOr<std::vector<bool>> Insert(const std::vector<NewInvite>& invites) = 0;

  // Stores what a resend changed (inviter, rights number, check time, display name, expiry, delivery,
  // generation, resend time; it is PENDING then) with the new secret, and keeps what was before for
  // UndoResend. The secret before goes on until its own expiry for an email invite. INVITE_PENDING_FOR_EMAIL
  // as Insert.
  virtual absl::Status Resend(const Invite& invite, absl::string_view secret_hash, absl::Time lease_end) = 0;

  // What became of a generation's delivery. False, and nothing is changed, where it is no longer SENDING or
  // another generation is. Refused is for a batch: the invite is UNDELIVERED, and what was counted is
  // refunded.
  virtual absl::StatusOr<bool> SetDelivery(const InviteName& name, int generation, Delivery delivery) = 0;
  virtual absl::StatusOr<bool> SetUndelivered(const InviteName& name, int generation) = 0;

  // Takes back a creation whose mail was refused, and a resend whose mail was: what was counted is refunded.
  // False, and nothing is changed, where that is no longer in delivery, or has ended, or somebody has begun.
  virtual absl::StatusOr<bool> UndoInsert(const InviteName& name) = 0;
  virtual absl::StatusOr<bool> UndoResend(const InviteName& name, int generation) = 0;

  // Renews the lease of a delivery that is about to begin. False where it is not this generation's any more.
  virtual absl::StatusOr<bool> RenewLease(const InviteName& name, int generation, absl::Time lease_end) = 0;
};

}  // namespace guestpass::invite
