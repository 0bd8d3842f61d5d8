// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "services/membership/testing/model_changes.h"

namespace guestpass::membership::model {
namespace {

using rights::GuestState;
using rights::OrganizationRole;
using rights::Role;

Guest NewGuest(const Operation& op, std::optional<Person> sponsor, const Model& model) {
  const Settings& settings = model.workspaces[op.workspace].settings;
  Guest guest{.grants = {op.channel}, .sponsor = sponsor};
  SetTime(LifetimeOf(op.expiry, settings), settings, model.step, guest);
  return guest;
}

// Who makes a guest answers for it; an operator, and who makes one of itself, does not.
std::optional<Person> FirstSponsor(const Operation& op) {
  if (op.caller == kOperator || op.caller == op.user) return std::nullopt;
  return op.caller;
}

bool NamesForeignChannel(const Operation& op, const Model& model) {
  const bool exists = op.channel < static_cast<int>(model.channels.size());
  return op.role == Role::kGuest && exists && model.channels[op.channel].workspace != op.workspace;
}

// What becoming a guest by an admin's hand asks, but for the room.
No CheckGuest(const Operation& op, bool has_address, const Model& model) {
  const Settings& settings = model.workspaces[op.workspace].settings;
  if (model.OrganizationRoleOf(op.user).has_value()) return "FIELD_INVALID";  // M11
  if (const No no = CheckGrantable(op.channel, op.workspace, model)) return no;
  if (const No no = CheckLifetime(op.expiry, settings)) return no;
  return CheckDomain(settings, has_address);
}

bool MaySponsor(Person person, int workspace, const Model& model) {
  const auto role = model.PositionOf(person, workspace).role;
  return role == Role::kAdmin || role == Role::kMember;
}

std::string CreateMember(const Operation& op, Model& model) {
  if (const No no = model.NeedAdmin(op.caller, op.workspace)) return *no;
  if (NamesForeignChannel(op, model)) return "FIELD_INVALID";
  const bool known = op.caller == op.user;  // nobody else has shown an address
  if (op.role == Role::kGuest) {
    if (const No no = CheckGuest(op, known, model)) return *no;
  }
  if (model.Find(op.user, op.workspace) != nullptr) return "MEMBER_EXISTS";
  Member member{.role = op.role, .has_address = known};
  if (op.role == Role::kGuest) {
    if (const No no = CheckRoom(op.workspace, op.user, FirstSponsor(op), model)) return *no;
    member.guest = NewGuest(op, FirstSponsor(op), model);
  }
  model.workspaces[op.workspace].members[op.user] = member;
  return "OK";
}

std::string ChangeRole(const Operation& op, Model& model) {
  if (const No no = model.NeedAdmin(op.caller, op.workspace)) return *no;
  if (NamesForeignChannel(op, model)) return "FIELD_INVALID";
  const Member* before = model.Find(op.user, op.workspace);
  if (before == nullptr) return "MEMBER_NOT_FOUND";
  if (before->role == op.role) return op.role == Role::kGuest ? "FIELD_INVALID" : "OK";
  if (op.role > before->role) {  // M4 and M5 of demotion
    if (const No no = CheckRemovable(op.user, op.workspace, model)) return *no;
  }
  Member after{.role = op.role, .has_address = before->has_address};
  if (op.role == Role::kGuest) {
    if (const No no = CheckGuest(op, before->has_address, model)) return *no;
    if (const No no = CheckRoom(op.workspace, op.user, FirstSponsor(op), model)) return *no;
    after.guest = NewGuest(op, FirstSponsor(op), model);
    Leave(op.user, op.workspace, /*private_only=*/true, model);  // M9
  }
  model.workspaces[op.workspace].members[op.user] = after;
  return "OK";
}

std::string ChangeSponsor(const Operation& op, Model& model) {
  if (const No no = model.NeedAdmin(op.caller, op.workspace)) return *no;
  if (model.Find(op.user, op.workspace) == nullptr) return "MEMBER_NOT_FOUND";
  Member& member = model.workspaces[op.workspace].members[op.user];
  if (!member.guest.has_value()) return "NOT_A_GUEST";
  if (member.guest->sponsor == op.other) return "OK";
  if (op.other == op.user || !MaySponsor(op.other, op.workspace, model)) return "FIELD_INVALID";
  member.guest->sponsor = op.other;
  return "OK";
}

std::string ReassignGuests(const Operation& op, Model& model) {
  if (const No no = model.NeedAdmin(op.caller, op.workspace)) return *no;
  if (!MaySponsor(op.other, op.workspace, model)) return "FIELD_INVALID";
  if (model.Find(op.user, op.workspace) == nullptr) return "OK MEMBER_NOT_FOUND";
  Member& member = model.workspaces[op.workspace].members[op.user];
  if (!member.guest.has_value()) return "OK NOT_A_GUEST";
  if (op.other == op.user) return "OK FIELD_INVALID";
  member.guest->sponsor = op.other;
  return "OK OK";
}

std::string DeleteMember(const Operation& op, Model& model) {
  const No no = op.caller == op.user ? model.NeedEntry(op.caller, op.workspace)
                                     : model.NeedAdmin(op.caller, op.workspace);
  if (no.has_value()) return *no;
  if (model.Find(op.user, op.workspace) == nullptr) return "MEMBER_NOT_FOUND";
  if (const No protected_one = CheckRemovable(op.user, op.workspace, model)) return *protected_one;
  Remove(op.user, op.workspace, model);
  return "OK";
}

std::string SetEmail(const Operation& op, Model& model) {
  if (op.caller == kOperator) return "ROLE_TOO_LOW";  // for the user itself
  if (const No no = model.NeedEntry(op.caller, op.workspace)) return *no;
  if (model.Find(op.caller, op.workspace) == nullptr) return "MEMBER_NOT_FOUND";
  model.workspaces[op.workspace].members[op.caller].has_address = true;
  return "OK";
}

std::string EraseUser(const Operation& op, Model& model) {
  if (op.caller != kOperator) return "CALLER_NOT_ALLOWED";
  for (Workspace& workspace : model.workspaces) {
    const auto found = workspace.members.find(op.user);
    if (found != workspace.members.end()) found->second.has_address = false;
  }
  return "OK";
}

}  // namespace

bool IsLastAdmin(Person person, int workspace, const Model& model) {
  for (const auto& [other, member] : model.workspaces[workspace].members) {
    if (other != person && member.role == Role::kAdmin) return false;
  }
  return model.Find(person, workspace)->role == Role::kAdmin;
}

No CheckRemovable(Person person, int workspace, const Model& model) {
  if (model.OrganizationRoleOf(person) == OrganizationRole::kOwner) return "ORG_OWNER_PROTECTED";
  return IsLastAdmin(person, workspace, model) ? No("LAST_ADMIN") : No();
}

void Remove(Person person, int workspace, Model& model) {
  model.workspaces[workspace].members.erase(person);
  model.workspaces[workspace].removed[person] = model.step;
  Leave(person, workspace, /*private_only=*/false, model);
}

void Leave(Person person, int workspace, bool private_only, Model& model) {
  for (Channel& channel : model.channels) {
    if (channel.workspace != workspace) continue;
    if (private_only && channel.kind != rights::ChannelKind::kPrivate) continue;
    if (channel.participants.erase(person) > 0) channel.conversation.clear();
  }
}

Outcome ChangeMembers(const Operation& op, Model& model) {
  switch (op.kind) {
    case Kind::kCreateMember:
      return CreateMember(op, model);
    case Kind::kChangeRole:
      return ChangeRole(op, model);
    case Kind::kChangeSponsor:
      return ChangeSponsor(op, model);
    case Kind::kReassignGuests:
      return ReassignGuests(op, model);
    case Kind::kDeleteMember:
      return DeleteMember(op, model);
    case Kind::kSetEmail:
      return SetEmail(op, model);
    case Kind::kEraseUser:
      return EraseUser(op, model);
    default:
      return std::nullopt;
  }
}

}  // namespace guestpass::membership::model
