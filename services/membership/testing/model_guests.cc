// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/membership/testing/model_changes.h"

namespace guestpass::membership::model {
namespace {

using rights::ChannelKind;
using rights::GuestState;
using rights::Role;

Member* FindMember(Person person, int workspace, Model& model) {
  if (model.Find(person, workspace) == nullptr) return nullptr;
  return &model.workspaces[workspace].members[person];
}

std::string AddGuestGrant(const Operation& op, Model& model) {
  if (const No no = model.NeedAdmin(op.caller, op.workspace)) return *no;
  Member* member = FindMember(op.user, op.workspace, model);
  if (member == nullptr) return "MEMBER_NOT_FOUND";
  if (!member->guest.has_value()) return "NOT_A_GUEST";
  if (member->guest->grants.contains(op.channel)) return "OK";
  if (const No no = CheckGrantable(op.channel, op.workspace, model)) return *no;
  member->guest->grants.insert(op.channel);
  return "OK";
}

std::string RemoveGuestGrant(const Operation& op, Model& model) {
  if (const No no = model.NeedAdmin(op.caller, op.workspace)) return *no;
  Member* member = FindMember(op.user, op.workspace, model);
  if (member == nullptr) return "MEMBER_NOT_FOUND";
  if (!member->guest.has_value()) return "NOT_A_GUEST";
  if (!member->guest->grants.contains(op.channel)) return "CHANNEL_NOT_FOUND";
  if (member->guest->grants.size() == 1) return "LAST_GRANT";
  member->guest->grants.erase(op.channel);
  return "OK";
}

// All times up to a tick are over, so that of two such the later one set is the later one.
bool Extends(absl::Duration before, absl::Duration after) {
  if (before == absl::InfiniteDuration() || after == absl::InfiniteDuration()) return false;
  return std::max(after, kTick) >= std::max(before, kTick);
}

// ADMIN authority, or the guest's sponsor while it is MEMBER (G8).
No NeedAdminOrSponsor(const Operation& op, const Model& model) {
  const No no = model.NeedAdmin(op.caller, op.workspace);
  const Member* member = model.Find(op.user, op.workspace);
  const bool sponsors = member != nullptr && member->guest.has_value() && member->guest->sponsor == op.caller;
  return sponsors && model.PositionOf(op.caller, op.workspace).role == Role::kMember ? No() : no;
}

std::string SetExpiration(const Operation& op, Model& model) {
  if (const No no = NeedAdminOrSponsor(op, model)) return *no;
  Member* member = FindMember(op.user, op.workspace, model);
  if (member == nullptr) return "MEMBER_NOT_FOUND";
  if (!member->guest.has_value()) return "NOT_A_GUEST";
  if (op.expiry == Expiry::kPast) return "FIELD_INVALID";
  const absl::Duration after = LengthOf(op.expiry).value_or(absl::InfiniteDuration());
  Guest& guest = *member->guest;
  if (const No not_admin = model.NeedAdmin(op.caller, op.workspace)) {
    const bool ended = guest.state() == GuestState::kEnded;
    if (ended || !Extends(guest.lifetime, after)) return *not_admin;
  }
  const Settings& settings = model.workspaces[op.workspace].settings;
  if (after > LengthOf(settings.maximum).value_or(absl::InfiniteDuration())) return "GUEST_LIFETIME_EXCEEDED";
  SetTime(after, settings, model.step, guest);
  return "OK";
}

std::string ApplyDue(Model& model) {
  int applied = 0;
  for (Workspace& workspace : model.workspaces) {
    for (auto& [person, member] : workspace.members) {
      if (!member.guest.has_value() || member.guest->recorded == member.guest->state()) continue;
      member.guest->recorded = member.guest->state();
      ++applied;
    }
  }
  return absl::StrCat("OK ", applied);
}

// CheckInvite: for whoever has authority itself, an operator has none of its own there.
No CheckInvite(const Operation& op, const Model& model) {
  if (op.caller == kOperator) return "ROLE_TOO_LOW";
  if (const No no = model.NeedAdmin(op.caller, op.workspace)) return no;
  const Settings& settings = model.workspaces[op.workspace].settings;
  const bool guest = op.role == Role::kGuest;
  if (guest) {
    if (const No no = CheckGrantable(op.channel, op.workspace, model)) return no;
    if (const No no = CheckLifetime(op.expiry, settings)) return no;
    if (!op.link && CheckDomain(settings, true)) return "EMAIL_DOMAIN_NOT_ALLOWED";
  }
  const Member* member = model.Find(op.user, op.workspace);
  const bool absent = member == nullptr || !member->has_address ||
                      (member->guest.has_value() && member->guest->state() == GuestState::kEnded);
  if (!op.link && !absent) return "MEMBER_EXISTS";
  return guest ? CheckRoom(op.workspace, std::nullopt, op.caller, model) : No();
}

std::string MakeInvite(const Operation& op, Model& model) {
  if (const No no = CheckInvite(op, model)) return *no;
  if (model.invites.size() == kMaxInvites) model.invites.erase(model.invites.begin());
  model.invites.push_back({op, model.step});
  return "OK";
}

// I12: what the invite names must still hold, and no removal have come since (M7).
No CheckStands(const Invite& invite, Person person, const Model& model) {
  const Operation& made = invite.made;
  if (model.PositionOf(made.caller, made.workspace).role != Role::kAdmin) return "INVITE_NO_LONGER_VALID";
  if (made.role == Role::kGuest && CheckGrantable(made.channel, made.workspace, model)) {
    return "INVITE_NO_LONGER_VALID";
  }
  const auto& removed = model.workspaces[made.workspace].removed;
  const auto latest = removed.find(person);
  return latest != removed.end() && latest->second > invite.step ? No("INVITE_NO_LONGER_VALID") : No();
}

// A younger maximum cuts what the invite gives.
Guest InvitedGuest(const Operation& made, const Model& model) {
  const Settings& settings = model.workspaces[made.workspace].settings;
  Guest guest{.grants = {made.channel}, .sponsor = made.caller};
  const absl::Duration most = LengthOf(settings.maximum).value_or(absl::InfiniteDuration());
  SetTime(std::min(LifetimeOf(made.expiry, settings), most), settings, model.step, guest);
  return guest;
}

std::string Join(const Operation& op, Model& model) {
  if (model.invites.empty()) return "skipped";
  const Invite invite = model.invites[op.invite % model.invites.size()];
  const Operation& made = invite.made;
  if (!model.Exists(made.workspace)) return "INVITE_NO_LONGER_VALID";
  const bool is_guest = made.role == Role::kGuest;
  if (is_guest && model.OrganizationRoleOf(op.user).has_value()) return "OK already_member";  // M11
  if (const Member* member = model.Find(op.user, made.workspace)) {
    const bool ended = member->guest.has_value() && member->guest->state() == GuestState::kEnded;
    if (!ended) return "OK already_member";                                      // I11
    if (op.link || invite.step < member->guest->set_step) return "GUEST_ENDED";  // I22
  }
  if (const No no = CheckStands(invite, op.user, model)) return *no;
  Member joined{.role = made.role, .has_address = true};
  if (is_guest) {
    if (const No no = CheckDomain(model.workspaces[made.workspace].settings, true)) return *no;
    if (const No no = CheckRoom(made.workspace, op.user, made.caller, model)) return *no;
    joined.guest = InvitedGuest(made, model);
  }
  model.workspaces[made.workspace].members[op.user] = joined;
  return "OK";
}

}  // namespace

No CheckGrantable(int channel, int workspace, const Model& model) {
  const Channel* found = model.FindChannel(channel, workspace);
  if (found == nullptr || found->kind == ChannelKind::kDirect) return "CHANNEL_NOT_FOUND";
  return found->archived ? No("CHANNEL_ARCHIVED") : No();
}

No CheckLifetime(Expiry expiry, const Settings& settings) {
  const auto asked = LengthOf(expiry);
  if (!asked.has_value()) return std::nullopt;
  if (*asked == absl::ZeroDuration()) return "FIELD_INVALID";
  const bool beyond = *asked > LengthOf(settings.maximum).value_or(absl::InfiniteDuration());
  return beyond ? No("GUEST_LIFETIME_EXCEEDED") : No();
}

No CheckDomain(const Settings& settings, bool has_address) {
  const bool admitted =
      settings.domains == Domains::kAll || (settings.domains == Domains::kTheirs && has_address);
  return admitted ? No() : "EMAIL_DOMAIN_NOT_ALLOWED";
}

No CheckRoom(int workspace, std::optional<Person> but, std::optional<Person> sponsor, const Model& model) {
  const Settings& settings = model.workspaces[workspace].settings;
  int guests = 0, sponsored = 0;
  for (const auto& [person, member] : model.workspaces[workspace].members) {
    const bool counts = member.guest.has_value() && member.guest->state() != GuestState::kEnded;
    if (person == but || !counts) continue;
    ++guests;
    if (sponsor.has_value() && member.guest->sponsor == sponsor) ++sponsored;
  }
  const bool full = (settings.cap > 0 && guests >= settings.cap) ||
                    (settings.sponsor_cap > 0 && sponsored >= settings.sponsor_cap);
  return full ? No("GUEST_LIMIT_REACHED") : No();
}

absl::Duration LifetimeOf(Expiry expiry, const Settings& settings) {
  for (const Expiry said : {expiry, settings.fallback, settings.maximum}) {
    if (const auto length = LengthOf(said)) return *length;
  }
  return absl::InfiniteDuration();
}

void SetTime(absl::Duration lifetime, const Settings& settings, int step, Guest& guest) {
  guest.lifetime = lifetime;
  guest.grace = settings.grace;
  guest.set_step = step;
  guest.recorded = GuestState::kActive;
  if (lifetime > absl::ZeroDuration()) return;
  guest.recorded = settings.grace > absl::ZeroDuration() ? GuestState::kSoftLocked : GuestState::kEnded;
}

Outcome ChangeGuests(const Operation& op, Model& model) {
  switch (op.kind) {
    case Kind::kAddGuestGrant:
      return AddGuestGrant(op, model);
    case Kind::kRemoveGuestGrant:
      return RemoveGuestGrant(op, model);
    case Kind::kSetExpiration:
      return SetExpiration(op, model);
    case Kind::kApplyDue:
      return ApplyDue(model);
    case Kind::kInvite:
      return MakeInvite(op, model);
    case Kind::kJoin:
      return Join(op, model);
    default:
      return std::nullopt;
  }
}

}  // namespace guestpass::membership::model
