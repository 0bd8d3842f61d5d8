// SPDX-License-Identifier: Apache-2.0
#include "services/membership/domain/guest_times.h"

#include <utility>

#include "common/rights/decide.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/membership/domain/model.h"

namespace guestpass::membership {
namespace {

using rights::GuestState;

absl::StatusOr<absl::Time> ExpireTimeOf(const ExpireSetting& setting, absl::Time now) {
  if (std::holds_alternative<Never>(setting)) return absl::InfiniteFuture();
  if (const absl::Duration* ttl = std::get_if<absl::Duration>(&setting)) {
    if (*ttl < absl::ZeroDuration()) return FieldInvalid("ttl", "is negative: 0 expires the guest now");
    if (*ttl > LatestExpireTime() - now) return FieldInvalid("ttl", "ends after the year 9999");
    return now + *ttl;
  }
  const absl::Time time = std::get<absl::Time>(setting);
  if (time < now) return FieldInvalid("expire_time", "has passed: use ttl = 0 to expire the guest now");
  if (time > LatestExpireTime()) return FieldInvalid("expire_time", "lies after November 9999");
  return time;
}

}  // namespace

rights::MemberState WithExpireTime(rights::MemberState guest, absl::Time expire_time, absl::Duration grace,
                                   absl::Time now) {
  guest.expire_time = expire_time;
  guest.access_end_time = expire_time + grace;
  guest.recorded = GuestState::kActive;
  guest.recorded = StateAt(guest, now);
  return guest;
}

GuestState StateAt(const rights::MemberState& guest, absl::Time now) {
  return rights::StateAt({.role = guest.role,
                          .expire_time = guest.expire_time,
                          .access_end_time = guest.access_end_time,
                          .recorded = guest.recorded},
                         now);
}

absl::StatusOr<ExpirationChange> ChangeExpiration(const rights::MemberState& guest,
                                                  const ExpireSetting& setting, absl::Duration grace,
                                                  absl::Time now) {
  ASSIGN_OR_RETURN(const absl::Time expire_time, ExpireTimeOf(setting, now));
  ExpirationChange change{.guest = WithExpireTime(guest, expire_time, grace, now)};
  change.reactivated =
      StateAt(guest, now) == GuestState::kEnded && change.guest.recorded != GuestState::kEnded;
  return change;
}

std::vector<Transition> DueTransitions(const rights::MemberState& guest, absl::Time now) {
  std::vector<Transition> transitions;
  if (guest.recorded == GuestState::kActive && now >= guest.expire_time &&
      guest.expire_time < guest.access_end_time) {
    transitions.push_back({GuestState::kSoftLocked, guest.expire_time});
  }
  if (guest.recorded != GuestState::kEnded && now >= guest.access_end_time) {
    transitions.push_back({GuestState::kEnded, guest.access_end_time});
  }
  return transitions;
}

}  // namespace guestpass::membership
