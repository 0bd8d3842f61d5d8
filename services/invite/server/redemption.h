// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/rpc/call.h"
#include "guestpass/invite/v1/invite.pb.h"
#include "services/invite/client/membership.h"
#include "services/invite/server/attempts.h"
#include "services/invite/server/settlement.h"
#include "services/invite/storage/invite_store.h"

namespace guestpass::invite {

// How long an attempt of one's own is given before a second one asks what became of it, and so may end it.
inline constexpr absl::Duration kOwnPatience = absl::Seconds(1);

// RedeemInvite. Thread-safe; blocks, for the time that Join and Resolve may take.
//
// A use is reserved under a join key of its own, membership is asked to join by it, and the reservation is
// spent or freed by what membership says became of the key; never by a time-out. Where nobody can say, it
// stays open for whoever redeems next, or for the keeper, to settle.
class Redemption {
 public:
  // All outlive this.
  Redemption(InviteStore& store, Membership& membership, SettlementSink& sink)
      : store_(store), membership_(membership), sink_(sink), attempts_(store, membership) {}

  // Errors in the order of I21: INVITE_NOT_FOUND, those of CheckRedeemable, GUEST_ENDED, INVITE_EXHAUSTED,
  // then membership's. CONFLICT with RetryInfo while attempts at the last use, or one of the user's own, are
  // being decided.
  absl::StatusOr<v1::RedeemInviteResponse> Redeem(const rpc::Call& call,
                                                  const v1::RedeemInviteRequest& request);

  // How many wait until others have reserved. For tests.
  size_t waiting() { return attempts_.waiting(); }

 private:
  // Nothing: what stood in the way is settled, and the plan is to be made anew.
  using Outcome = std::optional<Member>;

  absl::StatusOr<Outcome> Take(const Plan& plan, const Redeemer& redeemer, bool& again);
  absl::StatusOr<Outcome> AfterJoin(const Invite& invite, const Reservation& reservation,
                                    const absl::StatusOr<Member>& member);
  absl::StatusOr<Outcome> AfterFailedJoin(const Invite& invite, const Reservation& reservation,
                                          const absl::Status& failure);
  absl::StatusOr<Outcome> Repeat(const Plan& plan, const Redeemer& redeemer, bool& again);
  absl::StatusOr<Outcome> SettleOwn(const Plan& plan, const Redeemer& redeemer);
  absl::StatusOr<Outcome> FindAtFull(const Plan& plan, const Redeemer& redeemer);
  absl::StatusOr<Outcome> FindMember(const Invite& invite, const UserId& user);
  absl::StatusOr<Outcome> FindJoined(const Invite& invite, const UserId& user, bool already_member);
  void SettleLogged(const Invite& invite, const Reservation& reservation, bool spent);

  InviteStore& store_;
  Membership& membership_;
  SettlementSink& sink_;
  Attempts attempts_;
};

}  // namespace guestpass::invite
