// SPDX-License-Identifier: Apache-2.0
#include "services/membership/domain/join.h"

#include <algorithm>

#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/membership/domain/authority.h"
#include "services/membership/domain/errors.h"
#include "services/membership/domain/guest_admission.h"

namespace guestpass::membership {
namespace {

using rights::GuestState;
using rights::Role;
using Kind = JoinDecision::Kind;

bool HasEnded(const Member& member, absl::Time now) {
  return member.state.role == Role::kGuest && StateAt(member.state, now) == GuestState::kEnded;
}

absl::Status GuestEnded(const Member& member) {
  const rights::Authority authority{.role = Role::kGuest, .access_end_time = member.state.access_end_time};
  return rights::RefusalError(rights::Refusal::kGuestEnded, authority, rights::Action::kRead, "");
}

Member NoRecord(const Join& join) { return {.state = {.workspace = join.workspace, .user = join.user}}; }

// Who has authority through the organization is told nothing of a guest's record (M11).
Member AsItStands(const Join& join, const JoinFacts& facts) {
  const bool limited = !facts.member.has_value() || facts.member->state.role == Role::kGuest;
  return facts.organization_role.has_value() && limited ? NoRecord(join) : *facts.member;
}

absl::Status CheckGrantable(const Join& join, const JoinFacts& facts) {
  for (const ChannelId& channel : join.channels) {
    const auto found = facts.channels.find(channel);
    if (found == facts.channels.end() || found->second.state.kind == rights::ChannelKind::kDirect) {
      return InviteNoLongerValid(join.invite_name(), "a channel that it names is gone");
    }
    if (found->second.state.archived) {
      return InviteNoLongerValid(join.invite_name(), "a channel that it names is archived");
    }
  }
  return absl::OkStatus();
}

// The maximum may be younger than the invite, so it bounds what the invite gives instead of ending it.
absl::StatusOr<absl::Time> ExpireTimeOf(const Join& join, const WorkspaceSettings& settings, absl::Time now) {
  const absl::Time latest = now + settings.maximum_lifetime.value_or(absl::InfiniteDuration());
  if (const absl::Time* time = std::get_if<absl::Time>(&join.expiry)) {
    if (*time <= now) return InviteNoLongerValid(join.invite_name(), "the time that it gives has passed");
    return std::min(*time, latest);
  }
  if (const absl::Duration* ttl = std::get_if<absl::Duration>(&join.expiry)) {
    return std::min({now + *ttl, LatestExpireTime(), latest});
  }
  return FirstExpireTime(Never{}, settings, now);
}

absl::StatusOr<Member> MemberOf(const Join& join, const JoinFacts& facts) {
  Member member = NoRecord(join);
  member.state.role = join.role;
  member.address = join.address;
  member.create_time = facts.member.has_value() ? facts.member->create_time : facts.now;
  if (join.role != Role::kGuest) return member;
  member.sponsor = join.inviter;
  member.state.grants = join.channels;
  std::sort(member.state.grants.begin(), member.state.grants.end());
  member.state.grants.erase(std::unique(member.state.grants.begin(), member.state.grants.end()),
                            member.state.grants.end());
  const WorkspaceSettings& settings = facts.workspace->settings;
  ASSIGN_OR_RETURN(const absl::Time expire_time, ExpireTimeOf(join, settings, facts.now));
  member.state = WithExpireTime(member.state, expire_time, settings.guest_grace, facts.now);
  return member;
}

absl::Status CheckGuestJoin(const Join& join) {
  if (join.channels.empty()) return FieldInvalid("channels", "is empty: a guest is granted at least one");
  if (join.channels.size() > kMaxGrants) return FieldInvalid("channels", "has more than 100");
  const absl::Duration* ttl = std::get_if<absl::Duration>(&join.expiry);
  if (ttl != nullptr && *ttl <= absl::ZeroDuration()) return FieldInvalid("ttl", "is not positive");
  const absl::Time* time = std::get_if<absl::Time>(&join.expiry);
  if (time != nullptr && *time > LatestExpireTime())
    return FieldInvalid("expire_time", "lies after November 9999");
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckJoin(const Join& join) {
  if (join.role == Role::kGuest) return CheckGuestJoin(join);
  if (!join.channels.empty()) return FieldInvalid("channels", "is for guests only");
  if (!std::holds_alternative<Never>(join.expiry)) return FieldInvalid("expiry", "is for guests only");
  return absl::OkStatus();
}

absl::StatusOr<JoinDecision> DecideJoin(const Join& join, const JoinFacts& facts) {
  if (!facts.workspace.has_value() || facts.workspace->state.deleted) {
    return InviteNoLongerValid(join.invite_name(), "its workspace is gone");
  }
  if (facts.organization_role.has_value() && join.role == Role::kGuest) {
    return JoinDecision{Kind::kAlreadyMember, AsItStands(join, facts)};
  }
  if (facts.member.has_value()) {
    if (!HasEnded(*facts.member, facts.now)) {
      return JoinDecision{Kind::kAlreadyMember, AsItStands(join, facts)};
    }
    const bool too_old = join.check_time < facts.member->state.access_end_time;
    if (join.link || too_old) return GuestEnded(*facts.member);
  }
  if (!RequireAdmin(facts.inviter, facts.now).ok()) {
    return InviteNoLongerValid(join.invite_name(), "whoever made it is no longer an admin");
  }
  RETURN_IF_ERROR(CheckGrantable(join, facts));
  ASSIGN_OR_RETURN(Member member, MemberOf(join, facts));
  return JoinDecision{facts.member.has_value() ? Kind::kReactivated : Kind::kNew, member};
}

}  // namespace guestpass::membership
