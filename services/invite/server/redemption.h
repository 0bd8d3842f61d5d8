// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/rpc/call.h"
#include "guestpass/invite/v1/invite.pb.h"
#include "services/invite/client/membership.h"
#include "services/invite/storage/invite_store.h"

namespace guestpass::invite {

// RedeemInvite. Thread-safe; blocks, for the time that Join and Resolve may take.
//
// A use is reserved under a join key of its own, membership is asked to join by it, and the reservation is
// spent or freed by what membership says became of the key; never by a time-out. Where nobody can say, it
// stays open for whoever redeems next to settle.
class Redemption {
 public:
  // Both outlive this.
  Redemption(InviteStore& store, Membership& membership) : store_(store), membership_(membership) {}

  // Errors in the order of I21: INVITE_NOT_FOUND, then those of domain's Redeem(), GUEST_ENDED,
  // INVITE_EXHAUSTED, then membership's.
  absl::StatusOr<v1::RedeemInviteResponse> Redeem(const rpc::Call& call,
                                                  const v1::RedeemInviteRequest& request);

 private:
  // What is to be done, decided with the invite's row locked.
  struct Plan {
    Step step = Step::kRepeat;
    Invite invite;
    Reservation reservation;  // the new one for kReserve, the one found for kSettle
    absl::Time now;
  };

  absl::StatusOr<Plan> Begin(absl::string_view secret_hash, const Redeemer& redeemer);
  absl::StatusOr<Member> Join(const rpc::Call& call, const Plan& plan);
  absl::StatusOr<Member> Take(const rpc::Call& call, const Plan& plan, const Redeemer& redeemer);
  absl::StatusOr<Member> Repeat(const Plan& plan, const Redeemer& redeemer);
  absl::StatusOr<Member> FindMember(const Plan& plan, const UserId& user);
  absl::StatusOr<Member> FindJoined(const Reservation& reservation);
  absl::Status SettleAbandoned(const Reservation& reservation);
  absl::Status Settle(const Reservation& reservation, bool joined);

  InviteStore& store_;
  Membership& membership_;
};

}  // namespace guestpass::invite
