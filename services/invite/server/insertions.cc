// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/insertions.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "common/auth/random.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "guestpass/invite/v1/invite.pb.h"
#include "services/invite/domain/draft.h"
#include "services/invite/domain/errors.h"

namespace guestpass::invite {

bool Insertions::Company::Take(const Place& place) {
  const Invite& invite = place.insertion.issued.invite;
  if (inviters_.contains(KeyOf(place)) || addresses_.contains(invite.address.folded)) return false;
  inviters_.insert(KeyOf(place));
  if (!invite.address.folded.empty()) addresses_.insert(invite.address.folded);
  return true;
}

absl::Status Insertions::Insert(Insertion& insertion) {
  Place place{.insertion = insertion, .secret_hash = auth::Sha256(insertion.issued.secret)};
  place.alone = insertion.only_judge;
  if (!place.alone) lanes_.Do(place);
  if (!place.alone) return place.status;
  const absl::Status status = store_.Transact([&](InviteTx& tx) -> absl::Status {
    RETURN_IF_ERROR(StoreAll(tx, {&place}));
    RETURN_IF_ERROR(place.status);
    return insertion.only_judge ? absl::CancelledError("only judged") : absl::OkStatus();
  });
  return insertion.only_judge && absl::IsCancelled(status) ? absl::OkStatus() : status;
}

void Insertions::StoreTogether(const Batch& batch) {
  bool begun = false;
  const absl::Status status = store_.Transact([&](InviteTx& tx) -> absl::Status {
    begun = true;
    std::vector<const Invite*> invites;
    for (const Place* place : batch) invites.push_back(&place->insertion.issued.invite);
    ASSIGN_OR_RETURN(const std::vector<bool> locked, tx.TryLockSends(invites, limits_));
    Batch ours;
    for (size_t i = 0; i < batch.size(); ++i) {
      batch[i]->alone = !locked[i];
      if (locked[i]) ours.push_back(batch[i]);
    }
    return StoreAll(tx, ours);
  });
  if (status.ok()) return;
  // What all of them would meet alone, too, or must not be done twice.
  const bool is_for_all =
      !begun || HasReason(status, Reason::kOutcomeUnknown) || HasReason(status, Reason::kDatabaseUnavailable);
  for (Place* place : batch) {
    if (place->alone || (is_for_all && !place->status.ok())) continue;  // it has no part in it
    place->alone = !is_for_all;
    place->status = status;
  }
}

// The error is the transaction's; why one may not be stored is in its place.
absl::Status Insertions::StoreAll(InviteTx& tx, const Batch& batch) {
  Batch passed;
  for (Place* place : batch) {
    Invite& invite = place->insertion.issued.invite;
    place->status = tx.JudgeSend(invite, limits_);
    if (HasReason(place->status, Reason::kInviteRateLimited)) continue;
    RETURN_IF_ERROR(place->status);
    invite.create_time = tx.Now();
    invite.expire_time = place->insertion.expire_time.value_or(tx.Now() + default_lifetime_);
    place->status = CheckExpireTime("invite.expire_time", invite.expire_time, tx.Now());
    if (place->status.ok()) passed.push_back(place);
  }
  RETURN_IF_ERROR(InsertAll(tx, passed));
  for (const Place* place : passed) {
    if (!place->status.ok()) continue;
    const Issued& issued = place->insertion.issued;
    RETURN_IF_ERROR(tx.CountSend(issued.invite));
    if (!issued.key.has_value()) continue;
    RETURN_IF_ERROR(tx.KeepAnswer(*issued.key, KeptAnswerOf<v1::CreateInviteResponse>(issued),
                                  issued.invite.address.folded));
  }
  return absl::OkStatus();
}

// Two transactions that want the same rows want them in the same order.
bool Insertions::ComesBefore(const Place* a, const Place* b) {
  const Invite &one = a->insertion.issued.invite, &other = b->insertion.issued.invite;
  return std::tie(one.name.workspace, one.address.folded) <
         std::tie(other.name.workspace, other.address.folded);
}

// Only where an invite is in the way it is looked at whether that one still stands.
absl::Status Insertions::InsertAll(InviteTx& tx, const Batch& batch) {
  Batch left = batch;
  std::sort(left.begin(), left.end(), ComesBefore);
  for (const bool again : {false, true}) {
    std::vector<NewInvite> invites;
    for (Place* place : left) {
      const Insertion& insertion = place->insertion;
      const Invite& invite = insertion.issued.invite;
      if (again) {
        RETURN_IF_ERROR(tx.EndStale(invite.name.workspace, invite.address.folded, insertion.removed_n));
      }
      invites.push_back({invite, place->secret_hash, invite.create_time + insertion.lease});
    }
    if (invites.empty()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const std::vector<bool> inserted, tx.Insert(invites));
    Batch refused;
    for (size_t i = 0; i < left.size(); ++i) {
      if (!inserted[i]) refused.push_back(left[i]);
    }
    left = std::move(refused);
  }
  for (Place* place : left) place->status = InvitePendingForEmail();
  return absl::OkStatus();
}

}  // namespace guestpass::invite
