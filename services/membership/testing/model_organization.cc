// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "services/membership/testing/model_changes.h"

namespace guestpass::membership::model {
namespace {

using rights::OrganizationRole;
using rights::Role;

bool IsLastOwner(Person person, const Model& model) {
  for (const auto& [other, role] : model.organization) {
    if (other != person && role == OrganizationRole::kOwner) return false;
  }
  return model.OrganizationRoleOf(person) == OrganizationRole::kOwner;
}

// Whoever was there through the organization only takes part in nothing any more; a guest of the workspace
// gets to PRIVATE channels by grants again (M9). No invite made before lets it into any workspace (M7).
void EndRole(Person person, Model& model) {
  model.organization.erase(person);
  for (Workspace& workspace : model.workspaces) workspace.removed[person] = model.step;
  for (int i = 0; i < static_cast<int>(model.workspaces.size()); ++i) {
    const Member* direct = model.Find(person, i);
    if (direct == nullptr || direct->guest.has_value()) {
      Leave(person, i, /*private_only=*/direct != nullptr, model);
    }
  }
}

std::string AddOrganizationMember(const Operation& op, Model& model) {
  if (const No no = model.NeedOrganizationRole(op.caller)) return *no;
  const auto before = model.OrganizationRoleOf(op.user);
  const bool of_owners =
      op.organization_role == OrganizationRole::kOwner || before == OrganizationRole::kOwner;
  if (of_owners) {
    if (const No no = model.NeedOrganizationOwner(op.caller)) return *no;  // M6
  }
  if (before != op.organization_role && IsLastOwner(op.user, model)) return "LAST_OWNER";
  model.organization[op.user] = op.organization_role;
  return "OK";
}

std::string RemoveOrganizationMember(const Operation& op, Model& model) {
  if (const No no = model.NeedOrganizationRole(op.caller)) return *no;
  const auto before = model.OrganizationRoleOf(op.user);
  if (before == OrganizationRole::kOwner) {
    if (const No no = model.NeedOrganizationOwner(op.caller)) return *no;
  }
  if (!before.has_value()) return "MEMBER_NOT_FOUND";
  if (IsLastOwner(op.user, model)) return "LAST_OWNER";
  EndRole(op.user, model);
  return "OK";
}

std::string RemoveUser(const Operation& op, Model& model) {
  if (const No no = model.NeedOrganizationOwner(op.caller)) return *no;
  const auto role = model.OrganizationRoleOf(op.user);
  if (role == OrganizationRole::kAdmin) EndRole(op.user, model);
  if (role != OrganizationRole::kOwner) {  // (M14)
    for (Workspace& workspace : model.workspaces) workspace.removed[op.user] = model.step;
  }
  int removed = 0, blocked = role == OrganizationRole::kOwner ? 1 : 0;  // the ownership itself
  for (int i = 0; i < static_cast<int>(model.workspaces.size()); ++i) {
    if (model.Find(op.user, i) == nullptr) continue;
    if (CheckRemovable(op.user, i, model)) {
      ++blocked;
    } else {
      Remove(op.user, i, model);
      ++removed;
    }
  }
  const char* taken = role == OrganizationRole::kAdmin ? ", role taken" : "";
  return absl::StrCat("OK removed ", removed, " blocked ", blocked, taken);
}

std::string CreateWorkspace(const Operation& op, Model& model) {
  if (model.workspaces.size() == kMaxWorkspaces) return "skipped";
  if (const No no = model.NeedOrganizationRole(op.caller)) return *no;
  const bool for_another = op.caller == kOperator;  // M12
  if (op.names_admin != for_another) return "FIELD_INVALID";
  const Person admin = for_another ? op.other : op.caller;
  model.workspaces.push_back({.members = {{admin, {.role = Role::kAdmin, .has_address = !for_another}}}});
  return absl::StrCat("OK workspace ", model.workspaces.size() - 1);
}

std::string UpdateWorkspace(const Operation& op, Model& model) {
  if (const No no = model.NeedAdmin(op.caller, op.workspace)) return *no;
  const auto fallback = LengthOf(op.settings.fallback), maximum = LengthOf(op.settings.maximum);
  if (fallback.has_value() && maximum.has_value() && *fallback > *maximum) return "FIELD_INVALID";
  model.workspaces[op.workspace].settings = op.settings;
  return "OK";
}

std::string DeleteWorkspace(const Operation& op, Model& model) {
  const bool ever = op.workspace < static_cast<int>(model.workspaces.size());
  if (!ever) return op.caller == kOperator ? "WORKSPACE_NOT_FOUND" : "ROLE_TOO_LOW";
  if (const No no = model.NeedOrganizationOwner(op.caller)) {
    const bool ended = model.PositionOf(op.caller, op.workspace).state == rights::GuestState::kEnded;
    return ended ? "GUEST_ENDED" : *no;  // A2
  }
  model.workspaces[op.workspace] = {.deleted = true};
  for (Channel& channel : model.channels) {
    if (channel.workspace == op.workspace) channel.participants.clear();
  }
  return "OK";
}

Outcome Change(const Operation& op, Model& model) {
  for (const auto change : {ChangeMembers, ChangeGuests, ChangeChannels, ChangeOrganization}) {
    if (Outcome outcome = change(op, model)) return outcome;
  }
  return std::nullopt;
}

}  // namespace

Outcome ChangeOrganization(const Operation& op, Model& model) {
  switch (op.kind) {
    case Kind::kAddOrganizationMember:
      return AddOrganizationMember(op, model);
    case Kind::kRemoveOrganizationMember:
      return RemoveOrganizationMember(op, model);
    case Kind::kRemoveUser:
      return RemoveUser(op, model);
    case Kind::kCreateWorkspace:
      return CreateWorkspace(op, model);
    case Kind::kUpdateWorkspace:
      return UpdateWorkspace(op, model);
    case Kind::kDeleteWorkspace:
      return DeleteWorkspace(op, model);
    default:
      return std::nullopt;
  }
}

std::string Apply(const Operation& op, Model& model) {
  ++model.step;
  if (op.dry_run && CanOnlyJudge(op.kind)) {
    Model judged = model;
    return *Change(op, judged);
  }
  return *Change(op, model);
}

}  // namespace guestpass::membership::model
