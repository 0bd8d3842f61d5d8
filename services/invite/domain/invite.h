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

// Invites and where they stand. Values and pure functions; `now` is the invite database's.
namespace guestpass::invite {

enum class State { kPending, kRedeemed, kExpired, kRevoked, kDeclined, kUndelivered };

enum class Delivery { kSending, kSent, kNotConfigured, kDevRestricted, kUnknown, kFailed, kNotMailed };

// A guest's time: by the workspace's default, until a time, or for so long from joining.
using GuestExpiry = std::variant<std::monostate, absl::Time, absl::Duration>;

// What a link is beyond an email invite.
struct Link {
  std::optional<int32_t> max_uses = 1;  // nothing: no limit
  bool allow_unverified = false;
};

struct Invite {
  InviteName name;
  mail::Address address;     // none: a link
  std::optional<Link> link;  // nothing: an email invite
  rights::Role role = rights::Role::kGuest;
  std::vector<ChannelId> channels;
  GuestExpiry guest_expiry;
  UserId inviter;
  uint64_t rights_n = 0;               // membership's rights number when it was made or resent (M7)
  absl::Time check_time;               // membership's time then (I22)
  std::string workspace_display_name;  // then, too
  State state = State::kPending;
  Delivery delivery = Delivery::kSending;
  absl::Time expire_time;
  absl::Time create_time;
  std::optional<absl::Time> resend_time;
  int generation = 1;    // one more with each resend; a mail's id
  int32_t spent = 0;     // uses by who joined
  int32_t reserved = 0;  // uses by attempts under way
  UserId redeemed_by;    // an email invite's; none until then

  bool unlimited() const { return link.has_value() && !link->max_uses.has_value(); }
  int32_t max_uses() const { return link.has_value() ? link->max_uses.value_or(INT32_MAX) : 1; }
};

// A pending invite is expired at its time and after; nothing else changes with time.
State StateAt(const Invite& invite, absl::Time now);

// What was found by a secret: of an email invite the one before works until its own expiry, which may be
// earlier than the invite's (I15).
struct Presented {
  Invite invite;
  absl::Time expire_time;  // the secret's
};

// A use taken for one attempt until membership's answer to it is known.
struct Reservation {
  enum class State { kOpen, kSpent, kFreed };
  std::string join_key;  // names the attempt to membership
  InviteName invite;
  UserId user;
  absl::Time create_time;
  State state = State::kOpen;
  bool counts = true;  // false: of who has spent a use of it before, and takes no other
};

// Which open reservations are meant; nothing: all.
struct OpenFilter {
  std::optional<absl::Time> begun_until;
  std::optional<int> limit;
};

// Who redeems: the address only where the token says that it is verified.
struct Redeemer {
  UserId user;
  std::optional<std::string> verified_email;
};

// How long joining may take, and how old a reservation is when nobody waits for its answer any more.
inline constexpr absl::Duration kJoinTimeout = absl::Seconds(5);
inline constexpr absl::Duration kAbandonedAfter = absl::Seconds(6);

// How long an invite that has ended is still told apart from an unknown one (I3).
inline constexpr absl::Duration kKeepEnded = absl::Hours(30 * 24);

// Whether the redeemer's verified address is the invited one; of a link: true.
bool IsInvited(const Invite& invite, const Redeemer& redeemer);

// What is the same for everybody: INVITE_REVOKED, INVITE_DECLINED, INVITE_EXPIRED; INVITE_NOT_FOUND for one
// that was never delivered.
absl::Status CheckStanding(const Presented& presented, absl::Time now);

// Whether it may be given a new secret: one that has expired or was not delivered, too. INVITE_EXHAUSTED,
// INVITE_REVOKED, INVITE_DECLINED.
absl::Status CheckResendable(const Invite& invite);

// The reasons of I21 from "revoked" to "mismatch": CheckStanding's, EMAIL_NOT_VERIFIED,
// INVITE_EMAIL_MISMATCH.
absl::Status CheckRedeemable(const Presented& presented, const Redeemer& redeemer, absl::Time now);

}  // namespace guestpass::invite
