// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/attempts.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/auth/random.h"
#include "common/failpoint/failpoint.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/invite/domain/errors.h"

namespace guestpass::invite {
namespace {

// Abandoned attempts that one caller ends: the keeper ends the rest.
constexpr int kSettledByOne = 16;

constexpr size_t kMost = 32;                               // of one secret at a time
constexpr absl::Duration kGather = absl::Milliseconds(2);  // as ADR 15 found best

std::string NewJoinKey(const Invite& invite, const UserId& user) {
  return absl::StrCat(invite.name.invite.text(), ".", user.text(), ".",
                      auth::NewId<Id<struct AttemptKind>>().text());
}

}  // namespace

Attempts::Attempts(InviteStore& store, Membership& membership)
    : store_(store),
      membership_(membership),
      lanes_(
          {.per_key = 1, .most = kMost, .gather = kGather}, [this](const Batch& batch) { BeginAll(batch); },
          [this](const Batch& batch) { JoinAll(batch); }) {}

absl::StatusOr<Plan> Attempts::Begin(const rpc::Call& call, const std::string& secret_hash,
                                     const Redeemer& redeemer, bool again) {
  Attempt attempt{.call = call, .secret_hash = secret_hash, .redeemer = redeemer, .again = again};
  lanes_.Do(attempt);
  RETURN_IF_ERROR(attempt.refusal);
  return std::move(attempt.plan);
}

void Attempts::BeginAll(const Batch& batch) {
  std::vector<UserId> users;
  for (const Attempt* attempt : batch) users.push_back(attempt->redeemer.user);
  const absl::Status status = store_.Transact([&](InviteTx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(Presented presented, tx.GetBySecret(batch[0]->secret_hash, users));
    for (Attempt* attempt : batch) {
      attempt->plan = {.presented = presented, .now = tx.Now()};
      RETURN_IF_ERROR(Decide(tx, *attempt));
      // The next one finds that use taken.
      presented.invite.reserved = attempt->plan.invite().reserved;
    }
    return absl::OkStatus();
  });
  if (status.ok()) return;
  const bool met_a_rival = HasReason(status, Reason::kConflict);
  for (Attempt* attempt : batch) {
    if (met_a_rival && batch.size() > 1) {
      BeginAll({attempt});
    } else {
      attempt->refusal = met_a_rival ? RedemptionUnderWay() : status;
    }
  }
}

void Attempts::JoinAll(const Batch& batch) {
  Batch reserved;
  std::copy_if(batch.begin(), batch.end(), std::back_inserter(reserved),
               [](const Attempt* attempt) { return attempt->has_reserved(); });
  if (reserved.empty()) return;
  std::vector<Joining> joinings;
  for (const Attempt* attempt : reserved) {
    joinings.push_back({attempt->call, attempt->plan.reservations[0].join_key});
    failpoint::Reach("redeem.reserved", joinings.back().join_key);
  }
  membership_.Join(reserved[0]->plan.invite(), joinings);
  for (size_t i = 0; i < reserved.size(); ++i) reserved[i]->plan.joined = std::move(joinings[i].answer);
}

// The error is the transaction's; why this one may not is in the attempt.
absl::Status Attempts::Decide(InviteTx& tx, Attempt& attempt) {
  Plan& plan = attempt.plan;
  const Invite& invite = plan.invite();
  attempt.refusal = absl::OkStatus();
  ASSIGN_OR_RETURN(const std::optional<Reservation> own,
                   tx.ReservationOf(invite.name, attempt.redeemer.user));
  if (own.has_value() && (own->state == Reservation::State::kOpen || !attempt.again)) {
    plan.step = own->state == Reservation::State::kOpen ? Plan::Step::kOwn : Plan::Step::kRepeat;
    plan.reservations = {*own};
    return absl::OkStatus();
  }
  attempt.refusal = CheckRedeemable(plan.presented, attempt.redeemer, plan.now);
  // Who has spent a use takes no other, but joins only while others may, too; membership judges the rest
  // (M7).
  if (own.has_value() && invite.state != State::kPending) {
    attempt.refusal.Update(InviteNoLongerValid(invite.name));
  }
  if (!attempt.refusal.ok()) return absl::OkStatus();
  if (own.has_value()) return Reserve(tx, attempt, false);
  if (invite.unlimited() || invite.spent + invite.reserved < invite.max_uses()) {
    return Reserve(tx, attempt, true);
  }
  plan.step = Plan::Step::kFull;
  if (invite.spent >= invite.max_uses()) return absl::OkStatus();
  ASSIGN_OR_RETURN(plan.reservations,
                   tx.OpenReservations(invite.name, {plan.now - kAbandonedAfter, kSettledByOne}));
  if (!plan.reservations.empty()) plan.step = Plan::Step::kSettle;
  return absl::OkStatus();
}

absl::Status Attempts::Reserve(InviteTx& tx, Attempt& attempt, bool counts) {
  Plan& plan = attempt.plan;
  const Invite& invite = plan.invite();
  plan.step = Plan::Step::kJoin;
  plan.reservations = {{.join_key = NewJoinKey(invite, attempt.redeemer.user),
                        .invite = invite.name,
                        .user = attempt.redeemer.user,
                        .create_time = plan.now,
                        .counts = counts}};
  RETURN_IF_ERROR(tx.Reserve(plan.reservations[0], invite.unlimited()));
  if (counts && !invite.unlimited()) ++plan.presented.invite.reserved;
  return absl::OkStatus();
}

}  // namespace guestpass::invite
