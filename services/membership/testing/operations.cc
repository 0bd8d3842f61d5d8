// SPDX-License-Identifier: Apache-2.0
#include "services/membership/testing/operations.h"

#include "absl/strings/str_cat.h"
#include "common/rights/decide.h"

namespace guestpass::membership::model {
namespace {

constexpr const char* kKinds[] = {"CreateMember",
                                  "ChangeRole",
                                  "ChangeSponsor",
                                  "ReassignGuests",
                                  "DeleteMember",
                                  "CreateChannel",
                                  "UpdateChannel",
                                  "ArchiveChannel",
                                  "AddChannelMember",
                                  "RemoveChannelMember",
                                  "AddGuestGrant",
                                  "RemoveGuestGrant",
                                  "StartDirect",
                                  "SetExpiration",
                                  "ApplyDue",
                                  "Invite",
                                  "Join",
                                  "SetEmail",
                                  "CreateWorkspace",
                                  "UpdateWorkspace",
                                  "DeleteWorkspace",
                                  "AddOrganizationMember",
                                  "RemoveOrganizationMember",
                                  "RemoveUser",
                                  "EraseUser"};
constexpr const char* kExpiries[] = {"unset", "1h", "2d", "1us", "now", "past"};
constexpr const char* kChannelKinds[] = {"PUBLIC", "PRIVATE", "DIRECT"};
constexpr const char* kDomains[] = {"all", "theirs", "others"};

const char* TextOf(Expiry expiry) { return kExpiries[static_cast<int>(expiry)]; }

std::string TextOf(const Settings& settings) {
  return absl::StrCat("grace ", absl::FormatDuration(settings.grace), ", default ", TextOf(settings.fallback),
                      ", maximum ", TextOf(settings.maximum), ", caps ", settings.cap, " and ",
                      settings.sponsor_cap, ", domains ", kDomains[static_cast<int>(settings.domains)]);
}

std::string RoleText(const Operation& op) {
  const char* role = rights::RoleName(op.role);
  if (op.role != rights::Role::kGuest) return role;
  return absl::StrCat(role, ", channel ", op.channel, ", ", TextOf(op.expiry));
}

std::string Arguments(const Operation& op) {
  const std::string user = NameOf(op.user), workspace = absl::StrCat("workspace ", op.workspace),
                    channel = absl::StrCat("channel ", op.channel);
  const std::string member = absl::StrCat(user, ", ", workspace);
  switch (op.kind) {
    case Kind::kCreateMember:
    case Kind::kChangeRole:
      return absl::StrCat(member, ", ", RoleText(op));
    case Kind::kChangeSponsor:
    case Kind::kReassignGuests:
      return absl::StrCat(member, ", ", NameOf(op.other));
    case Kind::kDeleteMember:
      return member;
    case Kind::kCreateChannel:
      return absl::StrCat(workspace, ", ", kChannelKinds[static_cast<int>(op.channel_kind)]);
    case Kind::kUpdateChannel:
    case Kind::kArchiveChannel:
      return absl::StrCat(channel, ", else ", workspace);
    case Kind::kAddChannelMember:
    case Kind::kRemoveChannelMember:
      return absl::StrCat(user, ", ", channel, ", else ", workspace);
    case Kind::kAddGuestGrant:
    case Kind::kRemoveGuestGrant:
      return absl::StrCat(member, ", ", channel);
    case Kind::kStartDirect:
      return absl::StrCat(member, ", ", NameOf(op.other));
    case Kind::kSetExpiration:
      return absl::StrCat(member, ", ", TextOf(op.expiry));
    case Kind::kInvite:
      return absl::StrCat(member, ", ", RoleText(op), op.link ? ", link" : "");
    case Kind::kJoin:
      return absl::StrCat(user, ", invite ", op.invite, op.link ? ", link" : "");
    case Kind::kUpdateWorkspace:
      return absl::StrCat(workspace, ", ", TextOf(op.settings));
    case Kind::kSetEmail:
    case Kind::kDeleteWorkspace:
      return workspace;
    case Kind::kCreateWorkspace:
      return op.names_admin ? NameOf(op.other) : "";
    case Kind::kAddOrganizationMember:
      return absl::StrCat(user, ", ",
                          op.organization_role == rights::OrganizationRole::kOwner ? "OWNER" : "ADMIN");
    case Kind::kRemoveOrganizationMember:
    case Kind::kRemoveUser:
    case Kind::kEraseUser:
      return user;
    case Kind::kApplyDue:
      break;
  }
  return "";
}

}  // namespace

const char* NameOf(Person person) { return person < kPersons ? kPeople[person] : "operator"; }

std::optional<absl::Duration> LengthOf(Expiry expiry) {
  switch (expiry) {
    case Expiry::kUnset:
      return std::nullopt;
    case Expiry::kHour:
      return absl::Hours(1);
    case Expiry::kTwoDays:
      return absl::Hours(48);
    case Expiry::kTick:
      return kTick;
    case Expiry::kNow:
    case Expiry::kPast:
      break;
  }
  return absl::ZeroDuration();
}

bool CanOnlyJudge(Kind kind) {
  switch (kind) {
    case Kind::kCreateMember:
    case Kind::kDeleteMember:
    case Kind::kCreateChannel:
    case Kind::kRemoveChannelMember:
    case Kind::kRemoveGuestGrant:
    case Kind::kCreateWorkspace:
    case Kind::kDeleteWorkspace:
    case Kind::kAddOrganizationMember:
    case Kind::kRemoveOrganizationMember:
    case Kind::kRemoveUser:
    case Kind::kEraseUser:
      return true;
    default:
      return false;
  }
}

std::ostream& operator<<(std::ostream& out, const Operation& op) {
  out << "\n  " << NameOf(op.caller) << ": " << kKinds[static_cast<int>(op.kind)] << "(" << Arguments(op)
      << ")";
  if (op.dry_run && CanOnlyJudge(op.kind)) out << " only judged";
  return out;
}

}  // namespace guestpass::membership::model
