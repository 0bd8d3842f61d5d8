// SPDX-License-Identifier: Apache-2.0
#include "common/rights/decide.h"

#include <algorithm>

#include "common/status/error.h"

namespace guestpass::rights {
namespace {

bool Reaches(const Standing& s) {
  if (!s.channel_kind.has_value()) return false;
  return s.takes_part || (*s.channel_kind == ChannelKind::kPublic && s.authority.role != Role::kGuest);
}

bool RoleAllows(Role role, Action action) {
  switch (action) {
    case Action::kRead:
      return true;
    case Action::kPost:
    case Action::kReply:
    case Action::kEditOwn:
    case Action::kDeleteOwn:
    case Action::kReact:
      return role != Role::kViewer;
    case Action::kDeleteAny:
      return role == Role::kAdmin;
  }
  return false;  // not an Action: closed
}

Metadata ChannelMetadata(absl::string_view channel) { return {{"channel", std::string(channel)}}; }

}  // namespace

Authority AuthorityOf(const WorkspaceState& workspace, const OrganizationMemberState& organization_member,
                      const MemberState& member) {
  if (workspace.deleted) return {};
  if (organization_member.role.has_value()) return {.role = Role::kAdmin};
  if (member.role != Role::kGuest) return {.role = member.role};
  return {.role = Role::kGuest,
          .expire_time = member.expire_time,
          .access_end_time = member.access_end_time,
          .recorded = member.recorded};
}

Standing StandingOf(const Authority& authority, const MemberState& member, const ChannelState& channel,
                    const ParticipantState& participant) {
  Standing standing{.authority = authority, .archived = channel.archived};
  if (channel.workspace == member.workspace) standing.channel_kind = channel.kind;
  if (authority.role == Role::kGuest) {
    standing.takes_part =
        channel.kind == ChannelKind::kDirect
            ? participant.present
            : std::binary_search(member.grants.begin(), member.grants.end(), channel.channel);
  } else {
    standing.takes_part = channel.kind != ChannelKind::kPublic && participant.present;
  }
  return standing;
}

GuestState StateAt(const Authority& a, absl::Time now) {
  if (a.role != Role::kGuest) return GuestState::kActive;
  const GuestState by_time = now >= a.access_end_time ? GuestState::kEnded
                             : now >= a.expire_time   ? GuestState::kSoftLocked
                                                      : GuestState::kActive;
  return std::max(by_time, a.recorded);
}

std::optional<Refusal> DecideEntry(const Authority& authority, bool writes, absl::Time now) {
  if (!authority.role.has_value()) return Refusal::kNoMember;
  const GuestState state = StateAt(authority, now);
  if (state == GuestState::kEnded) return Refusal::kGuestEnded;
  if (writes && state == GuestState::kSoftLocked) return Refusal::kGuestSoftLocked;
  return std::nullopt;
}

std::optional<Refusal> Decide(const Standing& s, Action action, absl::Time now) {
  const bool writes = action != Action::kRead;
  if (const auto refusal = DecideEntry(s.authority, writes, now)) return refusal;
  if (!Reaches(s)) return Refusal::kChannelOutOfScope;
  if (writes && s.archived) return Refusal::kChannelArchived;
  if (!RoleAllows(*s.authority.role, action)) return Refusal::kRoleTooLow;
  if (now >= (writes ? s.write_lease_end : s.read_lease_end)) return Refusal::kRightsStale;
  return std::nullopt;
}

bool IsAdmin(const Authority& authority) { return authority.role == Role::kAdmin; }

const char* RoleName(std::optional<Role> role) {
  if (!role.has_value()) return "NONE";
  switch (*role) {
    case Role::kAdmin:
      return "ADMIN";
    case Role::kMember:
      return "MEMBER";
    case Role::kViewer:
      return "VIEWER";
    case Role::kGuest:
      return "GUEST";
  }
  return "NONE";
}

RefusalText TextOf(Refusal refusal, const Authority& authority, Action action, absl::string_view channel) {
  switch (refusal) {
    case Refusal::kNoMember:
      return {"You are no member of this workspace.", {Reason::kRoleTooLow, {{"role", "NONE"}}}};
    case Refusal::kGuestEnded:
      return {"Your guest access has ended. An admin can reactivate it.",
              {Reason::kGuestEnded, {{"access_end_time", Rfc3339(authority.access_end_time)}}}};
    case Refusal::kGuestSoftLocked:
      return {"Your time as a guest is over: you can read, but not write, until an admin extends it.",
              {Reason::kGuestSoftLocked, {{"expire_time", Rfc3339(authority.expire_time)}}}};
    case Refusal::kChannelOutOfScope:
      if (action == Action::kRead) {
        return {"There is no such channel for you.", {Reason::kChannelNotFound, ChannelMetadata(channel)}};
      }
      return {"You cannot write in this channel.", {Reason::kChannelOutOfScope, ChannelMetadata(channel)}};
    case Refusal::kChannelArchived:
      return {"This channel is archived: it can only be read.",
              {Reason::kChannelArchived, ChannelMetadata(channel)}};
    case Refusal::kRoleTooLow:
      return {
          "Your role here does not allow this: viewers only read, and guests do what was granted to them.",
          {Reason::kRoleTooLow, {{"role", RoleName(authority.role)}}}};
    case Refusal::kRightsStale:
      return {"Your rights cannot be confirmed at the moment. Try again.", {Reason::kRightsStale}};
  }
  return {"An unknown refusal.", {Reason::kInternal}};
}

absl::Status RefusalError(Refusal refusal, const Authority& authority, Action action,
                          absl::string_view channel) {
  const RefusalText text = TextOf(refusal, authority, action, channel);
  return Error(text.message, text.details);
}

}  // namespace guestpass::rights
