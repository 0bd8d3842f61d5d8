// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rights/objects.h"

// A guest's times: how they are set and what they bring about. `now` is the database's clock. Pure.
namespace guestpass::membership {

// How a guest's `expire_time` is given.
struct Never {};
using ExpireSetting = std::variant<Never, absl::Time, absl::Duration>;  // a duration: from now

// `guest` with its time set: access_end_time a grace later, and the recorded state what these times say at
// `now`.
rights::MemberState WithExpireTime(rights::MemberState guest, absl::Time expire_time, absl::Duration grace,
                                   absl::Time now);

// A guest's state at `now`: by its times, and never earlier than the recorded one.
rights::GuestState StateAt(const rights::MemberState& guest, absl::Time now);

// A guest's times changed by an admin.
struct ExpirationChange {
  rights::MemberState guest;
  bool reactivated = false;  // it had ended, and has not any more
};

// FIELD_INVALID for a time before `now`, a negative duration, and what lies beyond LatestExpireTime().
absl::StatusOr<ExpirationChange> ChangeExpiration(const rights::MemberState& guest,
                                                  const ExpireSetting& setting, absl::Duration grace,
                                                  absl::Time now);

// A state that a guest enters, and its deadline, which is since when it holds.
struct Transition {
  rights::GuestState state;
  absl::Time effective_time;
  friend bool operator==(const Transition&, const Transition&) = default;
};

// What the guest's times have brought about by `now` and nobody has recorded yet, in order; empty if nothing.
// Without grace a guest goes from ACTIVE to ENDED at once.
std::vector<Transition> DueTransitions(const rights::MemberState& guest, absl::Time now);

}  // namespace guestpass::membership
