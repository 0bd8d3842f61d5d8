// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/redemption.h"

#include <utility>

#include "common/auth/random.h"
#include "common/failpoint/failpoint.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/telemetry/log.h"
#include "services/invite/domain/errors.h"
#include "services/invite/server/convert.h"
#include "services/invite/server/redeemer.h"

namespace guestpass::invite {
namespace {

// One call may find an attempt of its own, then abandoned ones, and rivals that died as well meanwhile.
constexpr int kRounds = 4;

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
  bool again = false;
  for (int round = 0; round < kRounds; ++round) {
    ASSIGN_OR_RETURN(const Plan plan, attempts_.Begin(call, hash, redeemer, again));
    ASSIGN_OR_RETURN(const Outcome member, Take(plan, redeemer, again));
    if (member.has_value()) return ToProto({plan.invite().name.workspace, user}, *member);
  }
  return RedemptionUnderWay();
}

absl::StatusOr<Redemption::Outcome> Redemption::Take(const Plan& plan, const Redeemer& redeemer,
                                                     bool& again) {
  switch (plan.step) {
    case Plan::Step::kJoin:
      return AfterJoin(plan.invite(), plan.reservations[0], plan.joined);
    case Plan::Step::kRepeat:
      return Repeat(plan, redeemer, again);
    case Plan::Step::kOwn:
      return SettleOwn(plan, redeemer);
    case Plan::Step::kSettle:
      RETURN_IF_ERROR(ResolveAndSettle(store_, membership_, plan.invite(), plan.reservations));
      return Outcome();
    case Plan::Step::kFull:
      return FindAtFull(plan, redeemer);
  }
  return RedemptionUnderWay();
}

absl::StatusOr<Redemption::Outcome> Redemption::AfterJoin(const Invite& invite,
                                                          const Reservation& reservation,
                                                          const absl::StatusOr<Member>& member) {
  if (!member.ok()) return AfterFailedJoin(invite, reservation, member.status());
  failpoint::Reach("redeem.joined", reservation.join_key);
  const JoinOutcome outcome = member->already_member ? JoinOutcome::kAlreadyMember : JoinOutcome::kJoined;
  const bool spent = SpendsUse(outcome, invite.link.has_value());
  if (invite.unlimited() && spent) {
    sink_.Take({reservation, spent});
  } else {
    SettleLogged(invite, reservation, spent);
  }
  return Outcome(*member);
}

absl::StatusOr<Redemption::Outcome> Redemption::AfterFailedJoin(const Invite& invite,
                                                                const Reservation& reservation,
                                                                const absl::Status& failure) {
  failpoint::Reach("redeem.failed", reservation.join_key);
  const absl::StatusOr<JoinOutcome> outcome = membership_.Resolve(reservation.join_key);
  if (!outcome.ok()) {
    LogUnsettled(reservation, outcome.status());
    return outcome.status();
  }
  SettleLogged(invite, reservation, SpendsUse(*outcome, invite.link.has_value()));
  if (*outcome != JoinOutcome::kCancelled) {
    return FindJoined(invite, reservation.user, *outcome == JoinOutcome::kAlreadyMember);
  }
  if (HasReason(failure, Reason::kConflict)) return RedemptionUnderWay();
  return failure;
}

// The member, where that invite has nothing more to give to it; else nothing.
absl::StatusOr<Redemption::Outcome> Redemption::FindMember(const Invite& invite, const UserId& user) {
  ASSIGN_OR_RETURN(const Outcome member, membership_.Find({invite.name.workspace, user}));
  return member.has_value() && member->HasAlready(invite.role) ? member : Outcome();
}

absl::StatusOr<Redemption::Outcome> Redemption::FindJoined(const Invite& invite, const UserId& user,
                                                           bool already_member) {
  ASSIGN_OR_RETURN(Outcome member, FindMember(invite, user));
  if (!member.has_value()) return InviteNoLongerValid(invite.name);
  member->already_member = already_member;
  return member;
}

absl::StatusOr<Redemption::Outcome> Redemption::Repeat(const Plan& plan, const Redeemer& redeemer,
                                                       bool& again) {
  const auto member = FindMember(plan.invite(), redeemer.user);
  if (member.ok() && member->has_value()) return *member;
  if (HasReason(member.status(), Reason::kGuestEnded)) {
    RETURN_IF_ERROR(CheckRedeemable(plan.presented, redeemer, plan.now));
  }
  RETURN_IF_ERROR(member.status());
  again = true;
  return Outcome();
}

absl::StatusOr<Redemption::Outcome> Redemption::SettleOwn(const Plan& plan, const Redeemer& redeemer) {
  const Reservation& own = plan.reservations[0];
  if (plan.now - own.create_time < kOwnPatience) {
    const auto member = FindMember(plan.invite(), redeemer.user);
    if (member.ok() && member->has_value()) return *member;
    return RedemptionUnderWay();
  }
  RETURN_IF_ERROR(ResolveAndSettle(store_, membership_, plan.invite(), own));
  return Outcome();
}

absl::StatusOr<Redemption::Outcome> Redemption::FindAtFull(const Plan& plan, const Redeemer& redeemer) {
  const Invite& invite = plan.invite();
  ASSIGN_OR_RETURN(const Outcome member, FindMember(invite, redeemer.user));
  if (member.has_value()) return member;
  if (invite.spent < invite.max_uses()) return RedemptionUnderWay();
  return InviteExhausted(invite.name);
}

void Redemption::SettleLogged(const Invite& invite, const Reservation& reservation, bool spent) {
  const absl::Status settled = Settle(store_, reservation, spent, invite.unlimited());
  if (!settled.ok()) LogUnsettled(reservation, settled);
  failpoint::Reach("redeem.settled", reservation.join_key);
}

}  // namespace guestpass::invite
