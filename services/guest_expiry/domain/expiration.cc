// SPDX-License-Identifier: Apache-2.0
#include "services/guest_expiry/domain/expiration.h"

#include "common/status/error.h"
#include "common/status/macros.h"

namespace guestpass::guest_expiry {

Expiration ExpirationOf(const rights::MemberState& member, absl::Time now) {
  const rights::Authority guest{.role = rights::Role::kGuest,
                                .expire_time = member.expire_time,
                                .access_end_time = member.access_end_time,
                                .recorded = member.recorded};
  return {.guest = {member.workspace, member.user},
          .expire_time = member.expire_time,
          .access_end_time = member.access_end_time,
          .state = rights::StateAt(guest, now)};
}

absl::Status MaySee(const Asker& asker, const MemberName& guest, absl::Time now) {
  if (asker.is_operator) return absl::OkStatus();
  const rights::Authority& authority = asker.authority;
  if (const auto refusal = rights::DecideEntry(authority, /*writes=*/false, now)) {
    return rights::RefusalError(*refusal, authority, rights::Action::kRead, "");
  }
  const bool itself = authority.role == rights::Role::kGuest && asker.user == guest.user;
  if (rights::IsAdmin(authority) || itself) return absl::OkStatus();
  return rights::RefusalError(rights::Refusal::kRoleTooLow, authority, rights::Action::kRead, "");
}

absl::StatusOr<Expiration> See(const Asker& asker, const rights::MemberState& member, absl::Time now) {
  const MemberName name{member.workspace, member.user};
  RETURN_IF_ERROR(MaySee(asker, name, now));
  if (!member.role.has_value()) {
    return Error(Reason::kMemberNotFound, "The workspace has no such direct member.",
                 {{"member", name.ToString()}});
  }
  if (member.role != rights::Role::kGuest) {
    return Error(Reason::kNotAGuest, "This member is not a guest: only guests have times.",
                 {{"member", name.ToString()}});
  }
  return ExpirationOf(member, now);
}

absl::Time NextTransition(const rights::MemberState& member) {
  if (member.role != rights::Role::kGuest) return absl::InfiniteFuture();
  switch (member.recorded) {
    case rights::GuestState::kActive:
      return member.expire_time;
    case rights::GuestState::kSoftLocked:
      return member.access_end_time;
    case rights::GuestState::kEnded:
      return absl::InfiniteFuture();
  }
  return absl::InfiniteFuture();  // not a GuestState: none
}

}  // namespace guestpass::guest_expiry
