// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rights/decide.h"
#include "common/rights/names.h"
#include "common/rights/objects.h"

// A guest's times: who may see them, and when the clock has something to do for them. Pure.
namespace guestpass::guest_expiry {

// Where a guest stands.
struct Expiration {
  MemberName guest;
  absl::Time expire_time = absl::InfiniteFuture();
  absl::Time access_end_time = absl::InfiniteFuture();
  rights::GuestState state = rights::GuestState::kActive;
  std::optional<absl::Time> record_time;  // in the answer to a change only
};

// Who asks.
struct Asker {
  bool is_operator = false;
  UserId user;
  rights::Authority authority;  // in the workspace asked about
};

// The expiration of `member`, a guest, at `now`.
Expiration ExpirationOf(const rights::MemberState& member, absl::Time now);

// OK for a platform operator, ADMIN authority and the guest itself; for others ROLE_TOO_LOW {role}, and
// GUEST_ENDED {access_end_time} for a guest whose access has ended, about itself too.
absl::Status MaySee(const Asker& asker, const MemberName& guest, absl::Time now);

// `member` as a guest's expiration for `asker` at `now`: as MaySee, then MEMBER_NOT_FOUND {member},
// NOT_A_GUEST {member}.
absl::StatusOr<Expiration> See(const Asker& asker, const rights::MemberState& member, absl::Time now);

// When the next transition of `member` is due that has not been recorded; infinite for who has none.
absl::Time NextTransition(const rights::MemberState& member);

}  // namespace guestpass::guest_expiry
