// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/settlement.h"

#include <utility>

#include "common/failpoint/failpoint.h"
#include "common/status/macros.h"

namespace guestpass::invite {
namespace {

constexpr size_t kBatch = 256;

absl::Status SettleBatch(InviteStore& store, std::vector<InviteStore::Settlement>& batch) {
  if (batch.empty()) return absl::OkStatus();
  return store.SettleUnlimited(std::exchange(batch, {}));
}

}  // namespace

bool SpendsUse(JoinOutcome outcome, bool link) {
  switch (outcome) {
    case JoinOutcome::kJoined:
      return true;
    case JoinOutcome::kAlreadyMember:
      return !link;
    case JoinOutcome::kCancelled:
      return false;
  }
  return false;  // not an outcome: nothing is spent
}

absl::Status Settle(InviteStore& store, const Reservation& reservation, bool spent, bool unlimited) {
  if (unlimited) return store.SettleUnlimited({{reservation, spent}});
  return store.Transact([&](InviteTx& tx) { return tx.Settle(reservation, spent); });
}

absl::Status ResolveAndSettle(InviteStore& store, Membership& membership, const Invite& invite,
                              const Reservation& reservation) {
  ASSIGN_OR_RETURN(const JoinOutcome outcome, membership.Resolve(reservation.join_key));
  failpoint::Reach("settle.resolved", reservation.join_key);
  return Settle(store, reservation, SpendsUse(outcome, invite.link.has_value()), invite.unlimited());
}

absl::Status ResolveAndSettle(InviteStore& store, Membership& membership, const Invite& invite,
                              const std::vector<Reservation>& reservations) {
  absl::Status first;
  std::vector<InviteStore::Settlement> batch;
  for (const Reservation& reservation : reservations) {
    if (absl::IsUnavailable(first)) break;
    if (!invite.unlimited()) {
      first.Update(ResolveAndSettle(store, membership, invite, reservation));
      continue;
    }
    const absl::StatusOr<JoinOutcome> outcome = membership.Resolve(reservation.join_key);
    first.Update(outcome.status());
    if (outcome.ok()) batch.push_back({reservation, SpendsUse(*outcome, true)});
    if (batch.size() == kBatch) first.Update(SettleBatch(store, batch));
  }
  first.Update(SettleBatch(store, batch));
  return first;
}

}  // namespace guestpass::invite
