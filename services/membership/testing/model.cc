// SPDX-License-Identifier: Apache-2.0
#include "services/membership/testing/model.h"

#include "absl/strings/str_cat.h"

namespace guestpass::membership::model {
namespace {

using rights::Action;
using rights::ChannelKind;
using rights::GuestState;
using rights::OrganizationRole;
using rights::Role;

const char* TextOf(GuestState state) {
  switch (state) {
    case GuestState::kActive:
      return "ACTIVE";
    case GuestState::kSoftLocked:
      return "SOFT_LOCKED";
    case GuestState::kEnded:
      return "ENDED";
  }
  return "";
}

const char* TextOf(ChannelKind kind) {
  return kind == ChannelKind::kPublic ? "PUBLIC" : kind == ChannelKind::kPrivate ? "PRIVATE" : "DIRECT";
}

// A guest is named in a PUBLIC or PRIVATE channel by a grant only, others in a PRIVATE one by taking part,
// and everybody in a DIRECT one.
bool TakesPart(const Model& model, Person person, int channel) {
  const Channel& c = model.channels[channel];
  const bool participates = c.participants.contains(person);
  if (model.PositionOf(person, c.workspace).role != Role::kGuest || c.kind == ChannelKind::kDirect) {
    return participates;
  }
  return model.Find(person, c.workspace)->guest->grants.contains(channel);
}

bool RoleAllows(Role role, Action action) {
  if (action == Action::kRead) return true;
  if (action == Action::kDeleteAny) return role == Role::kAdmin;
  return role != Role::kViewer;
}

// M2: who takes part in, or was granted, a channel that the guest has.
bool Shares(const Model& model, Person guest, Person other, int workspace) {
  for (int i = 0; i < static_cast<int>(model.channels.size()); ++i) {
    const Channel& channel = model.channels[i];
    if (channel.workspace != workspace || !TakesPart(model, guest, i)) continue;
    const Member* direct = model.Find(other, workspace);
    const bool granted = direct != nullptr && direct->guest.has_value() && direct->guest->grants.contains(i);
    if (granted || channel.participants.contains(other)) return true;
  }
  return false;
}

bool SeesMember(const Model& model, Person viewer, Person person, int workspace) {
  const bool there = model.Find(person, workspace) != nullptr || model.OrganizationRoleOf(person).has_value();
  if (!there || model.PositionOf(viewer, workspace).role != Role::kGuest) return there;
  return viewer == person || Shares(model, viewer, person, workspace);
}

std::string MemberLine(const Model& model, Person viewer, Person person, int workspace) {
  const Member* direct = model.Find(person, workspace);
  const auto in_organization = model.OrganizationRoleOf(person);
  std::string line = absl::StrCat(NameOf(person), " ", direct == nullptr ? "ADMIN" : RoleName(direct->role));
  if (in_organization.has_value()) {
    absl::StrAppend(&line, in_organization == OrganizationRole::kOwner ? " ORG_OWNER" : " ORG_ADMIN");
  }
  if (direct == nullptr) return absl::StrCat(line, " via_org");
  if (!direct->guest.has_value()) return line;
  absl::StrAppend(&line, " ", TextOf(direct->guest->state()));
  const bool told = viewer == person || model.PositionOf(viewer, workspace).role != Role::kGuest;
  if (told && direct->guest->sponsor.has_value()) {
    absl::StrAppend(&line, " of ", NameOf(*direct->guest->sponsor));
  }
  return line;
}

}  // namespace

GuestState Guest::state() const {
  if (lifetime > kTick) return GuestState::kActive;
  return grace > kTick ? GuestState::kSoftLocked : GuestState::kEnded;
}

Model::Model() {
  organization = {{kOwner, OrganizationRole::kOwner}, {kOrgAdmin, OrganizationRole::kAdmin}};
  workspaces = {{.members = {{kOwner, {.role = Role::kAdmin, .has_address = true}}}}};
  channels = {{.kind = ChannelKind::kPublic}, {.kind = ChannelKind::kPrivate, .participants = {kOwner}}};
}

bool Model::Exists(int workspace) const {
  return workspace < static_cast<int>(workspaces.size()) && !workspaces[workspace].deleted;
}

const Member* Model::Find(Person person, int workspace) const {
  if (!Exists(workspace)) return nullptr;
  const auto found = workspaces[workspace].members.find(person);
  return found == workspaces[workspace].members.end() ? nullptr : &found->second;
}

const Channel* Model::FindChannel(int channel, int workspace) const {
  if (channel >= static_cast<int>(channels.size())) return nullptr;
  return channels[channel].workspace == workspace ? &channels[channel] : nullptr;
}

std::optional<OrganizationRole> Model::OrganizationRoleOf(Person person) const {
  const auto found = organization.find(person);
  if (found == organization.end()) return std::nullopt;
  return found->second;
}

Position Model::PositionOf(Person person, int workspace) const {
  if (!Exists(workspace)) return {};
  if (OrganizationRoleOf(person).has_value()) return {.role = Role::kAdmin};
  const Member* direct = Find(person, workspace);
  if (direct == nullptr) return {};
  return {direct->role, direct->guest.has_value() ? direct->guest->state() : GuestState::kActive};
}

No Model::NeedEntry(Person caller, int workspace) const {
  if (caller == kOperator) return Exists(workspace) ? No() : "WORKSPACE_NOT_FOUND";
  const Position position = PositionOf(caller, workspace);
  if (!position.role.has_value()) return "ROLE_TOO_LOW";
  return position.state == GuestState::kEnded ? No("GUEST_ENDED") : No();
}

No Model::NeedAdmin(Person caller, int workspace) const {
  if (const No no = NeedEntry(caller, workspace)) return no;
  const bool admin = caller == kOperator || PositionOf(caller, workspace).role == Role::kAdmin;
  return admin ? No() : "ROLE_TOO_LOW";
}

No Model::NeedOrganizationRole(Person caller) const {
  return caller == kOperator || organization.contains(caller) ? No() : "ROLE_TOO_LOW";
}

No Model::NeedOrganizationOwner(Person caller) const {
  const bool owner = caller == kOperator || OrganizationRoleOf(caller) == OrganizationRole::kOwner;
  return owner ? No() : "ROLE_TOO_LOW";
}

std::string Model::Decide(Person person, int channel, Action action) const {
  const Channel& c = channels[channel];
  const Position position = PositionOf(person, c.workspace);
  const bool writes = action != Action::kRead;
  if (!position.role.has_value()) return "ROLE_TOO_LOW";
  if (position.state == GuestState::kEnded) return "GUEST_ENDED";
  if (writes && position.state == GuestState::kSoftLocked) return "GUEST_SOFT_LOCKED";
  const bool everybodys = c.kind == ChannelKind::kPublic && position.role != Role::kGuest;
  if (!everybodys && !TakesPart(*this, person, channel)) {
    return writes ? "CHANNEL_OUT_OF_SCOPE" : "CHANNEL_NOT_FOUND";
  }
  if (writes && c.archived) return "CHANNEL_ARCHIVED";
  return RoleAllows(*position.role, action) ? "" : "ROLE_TOO_LOW";
}

std::string Model::Members(Person viewer, int workspace) const {
  if (const No no = NeedEntry(viewer, workspace)) return *no;
  std::string lines;
  for (Person person = 0; person < kPersons; ++person) {
    if (!SeesMember(*this, viewer, person, workspace)) continue;
    absl::StrAppend(&lines, MemberLine(*this, viewer, person, workspace), "\n");
  }
  return lines;
}

std::string Model::Channels(Person viewer, int workspace) const {
  if (const No no = NeedEntry(viewer, workspace)) return *no;
  std::string lines;
  for (int i = 0; i < static_cast<int>(channels.size()); ++i) {
    if (channels[i].workspace != workspace) continue;
    if (viewer != kOperator && !Decide(viewer, i, Action::kRead).empty()) continue;
    absl::StrAppend(&lines, i, " ", TextOf(channels[i].kind), channels[i].archived ? " archived" : "", "\n");
  }
  return lines;
}

std::string Model::Workspaces(Person viewer) const {
  std::string lines;
  for (int i = 0; i < static_cast<int>(workspaces.size()); ++i) {
    const Position position = PositionOf(viewer, i);
    if (!Exists(i) || (viewer != kOperator && !position.role.has_value())) continue;
    absl::StrAppend(&lines, i, " ", RoleName(position.role));
    if (position.role == Role::kGuest) absl::StrAppend(&lines, " ", TextOf(position.state));
    const bool via_org = OrganizationRoleOf(viewer).has_value() && Find(viewer, i) == nullptr;
    absl::StrAppend(&lines, via_org ? " via_org" : "", "\n");
  }
  return lines;
}

}  // namespace guestpass::membership::model
