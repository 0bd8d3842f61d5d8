// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/redemption.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/auth/random.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/telemetry/log.h"
#include "services/invite/domain/errors.h"
#include "services/invite/server/convert.h"

namespace guestpass::invite {
namespace {

// One attempt may find an abandoned reservation, and a rival that died as well meanwhile.
constexpr int kRounds = 3;

std::string NewJoinKey(const Invite& invite, const UserId& user) {
  return absl::StrCat(invite.name.invite.text(), ".", user.text(), ".",
                      auth::NewId<Id<struct AttemptKind>>().text());
}

Redeemer RedeemerOf(const auth::Identity& user) {
  if (!user.email_verified || user.email.empty()) return {.user = user.user};
  return {.user = user.user, .verified_email = user.email};
}

void LogUnsettled(const Reservation& reservation, const absl::Status& status) {
  telemetry::Log(telemetry::Severity::kWarning, "a reservation stays open",
                 {{"invite", reservation.invite.ToString()},
                  {"user", reservation.user.ToString()},
                  {"error", std::string(status.message())}});
}

}  // namespace

absl::StatusOr<v1::RedeemInviteResponse> Redemption::Redeem(const rpc::Call& call,
                                                            const v1::RedeemInviteRequest& request) {
  ASSIGN_OR_RETURN(const UserId user, call.RequireUser());
  const Redeemer redeemer = RedeemerOf(*call.caller.user);
  const std::string hash = auth::Sha256(request.secret());
  for (int round = 0; round < kRounds; ++round) {
    ASSIGN_OR_RETURN(const Plan plan, Begin(hash, redeemer));
    if (plan.step == Step::kSettle) {
      RETURN_IF_ERROR(SettleAbandoned(plan.reservation));
      continue;
    }
    ASSIGN_OR_RETURN(const Member member, Take(call, plan, redeemer));
    return ToProto({plan.invite.name.workspace, user}, member);
  }
  return RedemptionUnderWay();
}

absl::StatusOr<Redemption::Plan> Redemption::Begin(absl::string_view secret_hash, const Redeemer& redeemer) {
  Plan plan;
  RETURN_IF_ERROR(store_.Transact([&](InviteTx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(plan.invite, tx.GetBySecret(secret_hash));
    ASSIGN_OR_RETURN(const std::optional<Reservation> open, tx.OpenReservation(plan.invite.name));
    plan.now = tx.Now();
    ASSIGN_OR_RETURN(plan.step, invite::Redeem(plan.invite, open, redeemer, plan.now));
    if (plan.step == Step::kSettle) plan.reservation = *open;
    if (plan.step != Step::kReserve) return absl::OkStatus();
    plan.reservation = {.join_key = NewJoinKey(plan.invite, redeemer.user),
                        .invite = plan.invite.name,
                        .user = redeemer.user,
                        .create_time = plan.now};
    return tx.Reserve(plan.reservation);
  }));
  return plan;
}

absl::StatusOr<Member> Redemption::Take(const rpc::Call& call, const Plan& plan, const Redeemer& redeemer) {
  if (plan.step == Step::kReserve) return Join(call, plan);
  return plan.step == Step::kFind ? FindMember(plan, redeemer.user) : Repeat(plan, redeemer);
}

absl::StatusOr<Member> Redemption::Join(const rpc::Call& call, const Plan& plan) {
  absl::StatusOr<Member> member = membership_.Join(call, plan.invite, plan.reservation.join_key);
  bool joined = member.ok();
  if (!joined) {
    const absl::StatusOr<bool> resolved = membership_.Resolve(plan.reservation.join_key);
    if (!resolved.ok()) {
      LogUnsettled(plan.reservation, resolved.status());
      return resolved.status();
    }
    joined = *resolved;
  }
  const absl::Status settled = Settle(plan.reservation, joined);
  if (!settled.ok()) LogUnsettled(plan.reservation, settled);
  if (joined && !member.ok()) return FindJoined(plan.reservation);
  if (HasReason(member.status(), Reason::kConflict)) return RedemptionUnderWay();
  return member;
}

absl::StatusOr<Member> Redemption::FindJoined(const Reservation& reservation) {
  ASSIGN_OR_RETURN(std::optional<Member> member,
                   membership_.Find({reservation.invite.workspace, reservation.user}));
  if (!member.has_value()) return InviteNoLongerValid(reservation.invite);
  member->already_member = false;
  return *member;
}

absl::StatusOr<Member> Redemption::Repeat(const Plan& plan, const Redeemer& redeemer) {
  const auto member = membership_.Find({plan.invite.name.workspace, redeemer.user});
  if (member.ok() && member->has_value()) return **member;
  const bool answered = member.ok() || HasReason(member.status(), Reason::kGuestEnded);
  if (!answered) return member.status();
  RETURN_IF_ERROR(CheckRedeemable(plan.invite, redeemer, plan.now));
  if (!member.ok()) return member.status();
  return InviteNoLongerValid(plan.invite.name);
}

absl::StatusOr<Member> Redemption::FindMember(const Plan& plan, const UserId& user) {
  ASSIGN_OR_RETURN(const std::optional<Member> member, membership_.Find({plan.invite.name.workspace, user}));
  // Who has authority through the organization needs no guest's invite (M11).
  const bool is_member = member.has_value() && (member->direct || plan.invite.role == rights::Role::kGuest);
  if (!is_member) return InviteExhausted(plan.invite.name);
  return *member;
}

absl::Status Redemption::SettleAbandoned(const Reservation& reservation) {
  ASSIGN_OR_RETURN(const bool joined, membership_.Resolve(reservation.join_key));
  return Settle(reservation, joined);
}

absl::Status Redemption::Settle(const Reservation& reservation, bool joined) {
  return store_.Transact([&](InviteTx& tx) { return tx.Settle(reservation, joined); });
}

}  // namespace guestpass::invite
