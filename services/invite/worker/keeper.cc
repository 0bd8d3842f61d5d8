// SPDX-License-Identifier: Apache-2.0
#include "services/invite/worker/keeper.h"

#include <string>

#include "common/failpoint/failpoint.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/telemetry/log.h"
#include "services/invite/server/settlement.h"

namespace guestpass::invite {
namespace {

using telemetry::Severity;

constexpr int kAbandonedBatch = 256;

// So many in a row that membership does not answer about are no single one that is held up there.
constexpr int kPatience = 3;

void LogFailing(const absl::Status& error) {
  telemetry::Log(Severity::kWarning,
                 "what was left open cannot be settled or cleared away: it is tried again in a moment",
                 {{"error", std::string(error.message())}});
}

}  // namespace

void Keeper::Start() {
  rounds_.Start([this] { Run(); }, options_.interval);
}

void Keeper::Run() {
  const absl::Status status = Round();
  if (!status.ok() && !failing_) LogFailing(status);
  if (status.ok() && failing_) telemetry::Log(Severity::kInfo, "settling and clearing away goes on again");
  failing_ = !status.ok();
}

absl::Status Keeper::Round() {
  absl::Status first = SettleAbandoned();
  first.Update(Repeat([&] { return upkeep_.EndLeases(options_.batch); }));
  first.Update(Repeat([&] { return upkeep_.MarkExpired(options_.batch); }));
  first.Update(Repeat([&] { return upkeep_.PurgeReservations(options_.batch); }));
  first.Update(Repeat([&] { return upkeep_.Purge(options_.batch); }));
  first.Update(Repeat([&] { return upkeep_.ForgetSends(options_.batch); }));
  first.Update(Repeat([&] { return upkeep_.ForgetAnswers(options_.batch); }));
  return first;
}

absl::Status Keeper::SettleAbandoned() {
  absl::Status first;
  const absl::Status status = Repeat([&]() -> absl::StatusOr<int64_t> {
    ASSIGN_OR_RETURN(const std::vector<Abandoned> batch, upkeep_.AbandonedReservations(kAbandonedBatch));
    return SettleBatch(batch, first);
  });
  first.Update(status);
  return first;
}

int Keeper::SettleBatch(const std::vector<Abandoned>& batch, absl::Status& status) {
  int ended = 0, unanswered = 0;
  std::vector<InviteStore::Settlement> unlimited;
  for (const Abandoned& abandoned : batch) {
    if (unanswered == kPatience || !rounds_.Pause(absl::ZeroDuration())) break;
    const absl::StatusOr<JoinOutcome> outcome = membership_.Resolve(abandoned.reservation.join_key);
    status.Update(outcome.status());
    unanswered = outcome.ok() ? 0 : unanswered + 1;
    if (!outcome.ok()) continue;
    failpoint::Reach("keeper.resolved", abandoned.reservation.join_key);
    if (abandoned.unlimited) {
      unlimited.push_back({abandoned.reservation, SpendsUse(*outcome, true)});
      continue;
    }
    const absl::Status settled = SettleLimited(abandoned.reservation, *outcome);
    if (settled.ok()) ++ended;
    status.Update(settled);
  }
  if (unlimited.empty()) return ended;
  const absl::Status settled = store_.SettleUnlimited(unlimited);
  status.Update(settled);
  return settled.ok() ? ended + static_cast<int>(unlimited.size()) : ended;
}

absl::Status Keeper::SettleLimited(const Reservation& reservation, JoinOutcome outcome) {
  return store_.Transact([&](InviteTx& tx) -> absl::Status {
    const absl::StatusOr<Invite> invite = tx.Lock(reservation.invite);
    // At one that is no more there is nothing to spend.
    if (HasReason(invite.status(), Reason::kInviteNotFound)) return tx.Settle(reservation, false);
    RETURN_IF_ERROR(invite.status());
    return tx.Settle(reservation, SpendsUse(outcome, invite->link.has_value()));
  });
}

absl::Status Keeper::Repeat(absl::FunctionRef<absl::StatusOr<int64_t>()> step) {
  return rounds_.Repeat(step, options_.turn);
}

}  // namespace guestpass::invite
