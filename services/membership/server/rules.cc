// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/rules.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "common/rpc/access_table.h"

namespace guestpass::membership {
namespace {

constexpr bool kForSeveral = true;

rpc::Access Users() { return {.users = true, .operators = true}; }
rpc::Access UsersAndServices() {
  return {.users = true, .services = {"invite", "guest-expiry", "messaging-gateway"}, .operators = true};
}
rpc::Access Services(std::vector<std::string> names) { return {.services = std::move(names)}; }

const char* Words(Need need) {
  switch (need) {
    case Need::kSignedIn:
    case Need::kItself:
      return "any signed-in user, for its own";
    case Need::kItselfThere:
      return "every member, guests that have not ended included, for its own";
    case Need::kOperator:
      return "nobody else";
    case Need::kOrganizationRole:
      return "owners and admins of the organization";
    case Need::kOrganizationOwner:
      return "owners of the organization";
    case Need::kEntry:
      return "every member, guests that have not ended included; each sees what it may see";
    case Need::kItselfStarter:
      return "MEMBER and ADMIN, not of a guest's or a viewer's role";
    case Need::kAdmin:
    case Need::kItselfAdmin:
      return "ADMIN authority";
    case Need::kAdminOrSelf:
      return "ADMIN authority; the user itself";
    case Need::kAdminSelfOrSponsor:
      return "ADMIN authority; the guest itself; its sponsor";
    case Need::kAdminOrSponsor:
      return "ADMIN authority; the guest's sponsor, to extend";
    case Need::kNothing:
      return "nobody";
  }
  return "";
}

// Behind what users must be, where they do not call themselves.
const char* HowTheyCome(const Rule& rule) {
  return rule.is_for_several ? " (by a service that sends each one's token with its part)"
                             : " (by a service that forwards the user's token)";
}

std::string TableOf(const std::vector<Rule>& rules) {
  std::vector<rpc::AccessRow> rows;
  for (const Rule& rule : rules) {
    const bool forwarded = !rule.access.users && rule.need != Need::kNothing;
    rows.push_back({.method = rule.method,
                    .users = absl::StrCat(Words(rule.need), forwarded ? HowTheyCome(rule) : ""),
                    .services = rule.access.services,
                    .operators = rule.access.operators || (forwarded && SparesOperators(rule.need))});
  }
  return rpc::AccessTable(rows);
}

}  // namespace

const std::vector<Rule>& MembershipRules() {
  static const std::vector<Rule>& rules = *new std::vector<Rule>{
      {"CreateOrganization", Users(), Need::kOperator},
      {"GetOrganization", Users(), Need::kOrganizationRole},
      {"ListOrganizations", Users(), Need::kSignedIn},
      {"UpdateOrganization", Users(), Need::kOrganizationRole},
      {"AddOrganizationMember", Users(), Need::kOrganizationRole},
      {"RemoveOrganizationMember", Users(), Need::kOrganizationRole},
      {"ListOrganizationMembers", Users(), Need::kOrganizationRole},
      {"RemoveUserFromOrganization", Users(), Need::kOrganizationOwner},
      {"EraseUser", Users(), Need::kOperator},
      {"CreateWorkspace", Users(), Need::kOrganizationRole},
      {"GetWorkspace", Users(), Need::kEntry},
      {"ListWorkspaces", Users(), Need::kSignedIn},
      {"UpdateWorkspace", Users(), Need::kAdmin},
      {"DeleteWorkspace", Users(), Need::kOrganizationOwner},
      {"CreateMember", Users(), Need::kAdmin},
      {"GetMember", Users(), Need::kEntry},
      {"BatchGetMembers", Users(), Need::kEntry},
      {"ListMembers", Users(), Need::kEntry},
      {"UpdateMember", Users(), Need::kAdmin},
      {"BatchReassignGuests", Users(), Need::kAdmin},
      {"DeleteMember", Users(), Need::kAdminOrSelf},
      {"CreateChannel", Users(), Need::kAdmin},
      {"GetChannel", Users(), Need::kEntry},
      {"ListChannels", Users(), Need::kEntry},
      {"UpdateChannel", Users(), Need::kAdmin},
      {"ArchiveChannel", Users(), Need::kAdmin},
      {"AddChannelMember", Users(), Need::kAdmin},
      {"RemoveChannelMember", Users(), Need::kAdminOrSelf},
      {"ListChannelMembers", Users(), Need::kEntry},
      {"AddGuestGrant", Users(), Need::kAdmin},
      {"RemoveGuestGrant", Users(), Need::kAdmin},
      {"ListGuestGrants", Users(), Need::kAdminSelfOrSponsor},
      {"StartDirectConversation", {.users = true}, Need::kItselfStarter},
      {"CheckAccess", UsersAndServices(), Need::kAdminOrSelf},
      {"BatchCheckAccess", UsersAndServices(), Need::kAdminOrSelf},
      {"ListAuditEntries", Users(), Need::kAdmin},
  };
  return rules;
}

const std::vector<Rule>& RightsRules() {
  static const std::vector<Rule>& rules = *new std::vector<Rule>{
      {"CheckInvite", Services({"invite"}), Need::kItselfAdmin},
      {"BatchCheckInvites", Services({"invite"}), Need::kItselfAdmin, kForSeveral},
      {"BatchGetRights", Services({"messaging-gateway", "guest-expiry", "invite"}), Need::kNothing},
      {"GetRightsHeads", Services({"messaging-gateway", "guest-expiry"}), Need::kNothing},
      {"ListRightsChanges", Services({"messaging-gateway", "guest-expiry"}), Need::kNothing},
      {"JoinMember", Services({"invite"}), Need::kItself},
      {"BatchJoinMembers", Services({"invite"}), Need::kItself, kForSeveral},
      {"ResolveJoin", Services({"invite"}), Need::kNothing},
      {"SetGuestExpiration", Services({"guest-expiry"}), Need::kAdminOrSponsor},
      {"ApplyDueExpirations", Services({"guest-expiry"}), Need::kNothing},
      {"NextDeadline", Services({"guest-expiry"}), Need::kNothing},
      {"SetMemberEmail", Services({"invite", "guest-expiry", "messaging-gateway"}), Need::kItselfThere},
  };
  return rules;
}

bool SparesOperators(Need need) {
  switch (need) {
    case Need::kItself:
    case Need::kItselfThere:
    case Need::kItselfStarter:
    case Need::kItselfAdmin:
    case Need::kNothing:
      return false;
    case Need::kSignedIn:
    case Need::kOperator:
    case Need::kOrganizationRole:
    case Need::kOrganizationOwner:
    case Need::kEntry:
    case Need::kAdmin:
    case Need::kAdminOrSelf:
    case Need::kAdminSelfOrSponsor:
    case Need::kAdminOrSponsor:
      return true;
  }
  return false;
}

const Rule& RuleOf(absl::string_view method) {
  const Rule* rule = rpc::FindRule(MembershipRules(), method);
  if (rule == nullptr) rule = rpc::FindRule(RightsRules(), method);
  if (rule == nullptr) std::abort();
  return *rule;
}

std::string RulesInMarkdown() {
  return absl::StrCat(
      "# Who may call what\n\n"
      "Made of the tables that membership enforces: `bazel run //services/membership/server:access_table > "
      "docs/access.md`. Every other\n"
      "caller gets CALLER_NOT_ALLOWED, and who is let in and is not what a row says ROLE_TOO_LOW. A service "
      "that is\n"
      "trusted to act for users (setting `user-services`) calls for a user whose token it forwards wherever "
      "users "
      "may.\n\n## MembershipService\n\n",
      TableOf(MembershipRules()), "\n## RightsService\n\n", TableOf(RightsRules()),
      "\nOperators: where it says \"yes\" they may whatever they are there themselves, in RightsService "
      "through "
      "a\n"
      "service that forwards their token; where it says \"–\", what users may, by what they are themselves. "
      "What\n"
      "a joining makes is judged by the invite, too, and by its inviter's ADMIN authority at that moment. "
      "Only "
      "owners\n"
      "give and take the role OWNER (AddOrganizationMember, RemoveOrganizationMember).\n");
}

}  // namespace guestpass::membership
