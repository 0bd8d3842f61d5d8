// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/mail/address.h"
#include "common/rights/names.h"
#include "common/rights/objects.h"

// Invites and the rules of redeeming them. Values and pure functions; `now` is the invite database's.
namespace guestpass::invite {

enum class State { kPending, kRedeemed, kExpired, kRevoked };

enum class Delivery { kSending, kSent, kNotConfigured };

// A guest's time: without end, until a time, or for so long from joining.
using GuestExpiry = std::variant<std::monostate, absl::Time, absl::Duration>;

struct Invite {
  InviteName name;
  mail::Address address;
  rights::Role role = rights::Role::kGuest;
  std::vector<ChannelId> channels;
  GuestExpiry guest_expiry;
  UserId inviter;
  uint64_t rights_n = 0;  // membership's rights number when it was made (M7)
  absl::Time check_time;  // membership's time then (I22)
  State state = State::kPending;
  Delivery delivery = Delivery::kSending;
  absl::Time expire_time;
  absl::Time create_time;
  UserId redeemed_by;  // none until it is redeemed
};

// A use taken for one attempt until membership's answer to it is known.
struct Reservation {
  std::string join_key;  // names the attempt to membership
  InviteName invite;
  UserId user;
  absl::Time create_time;
};

// Who redeems: the address only where the token says that it is verified.
struct Redeemer {
  UserId user;
  std::optional<std::string> verified_email;
};

// How long JoinMember may take, and how old a reservation is when nobody waits for its answer any more.
inline constexpr absl::Duration kJoinTimeout = absl::Seconds(5);
inline constexpr absl::Duration kAbandonedAfter = absl::Seconds(6);

// A pending invite is expired at its time and after.
State StateAt(const Invite& invite, absl::Time now);

// What is to be done to redeem.
enum class Step {
  kRepeat,   // the user has redeemed it before: see whether it is still a member
  kSettle,   // ask membership what became of `open`, whose caller is gone, and begin again
  kReserve,  // take the use
  kFind,     // another account has taken it: see whether the user is a member by now, or was a guest
};

// The step, or why not, in the order of I21: INVITE_REVOKED, INVITE_EXPIRED, EMAIL_NOT_VERIFIED,
// INVITE_EMAIL_MISMATCH; CONFLICT while `open`, the invite's open reservation if there is one, is being
// decided. One's own earlier attempt comes before everything else.
absl::StatusOr<Step> Redeem(const Invite& invite, const std::optional<Reservation>& open,
                            const Redeemer& redeemer, absl::Time now);

// These four reasons.
absl::Status CheckRedeemable(const Invite& invite, const Redeemer& redeemer, absl::Time now);

}  // namespace guestpass::invite
