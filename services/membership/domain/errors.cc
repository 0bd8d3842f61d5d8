// SPDX-License-Identifier: Apache-2.0
#include "services/membership/domain/errors.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "services/membership/domain/conversation.h"

namespace guestpass::membership {

absl::Status RoleTooLow(const rights::Authority& authority, absl::string_view whose) {
  return Error(Reason::kRoleTooLow, absl::StrCat("Only ", whose, " can do this."),
               {{"role", rights::RoleName(authority.role)}});
}

absl::Status SponsorsOnlyExtend(const rights::Authority& authority) {
  return Error(Reason::kRoleTooLow,
               "A sponsor only extends guests of its own that have not ended. Ask an admin of the workspace.",
               {{"role", rights::RoleName(authority.role)}});
}

absl::Status NoOrganizationRole() {
  return Error(Reason::kRoleTooLow, "Only owners and admins of the organization can do this.",
               {{"role", "NONE"}});
}

absl::Status OwnersOnly(absl::string_view role) {
  return Error(Reason::kRoleTooLow, "Only owners of the organization can do this.",
               {{"role", std::string(role)}});
}

absl::Status OperatorsOnly() {
  return Error(Reason::kCallerNotAllowed, "Only platform operators can do this.");
}

absl::Status EmailDomainNotAllowed() {
  return Error(
      Reason::kEmailDomainNotAllowed,
      "This workspace admits guests with verified email addresses of certain domains only. Invite or "
      "join by such an address, or have an admin allow another domain.");
}

absl::Status OrgOwnerProtected(absl::string_view member) {
  return Error(Reason::kOrgOwnerProtected,
               "An owner of the organization cannot be demoted or removed through a workspace. Take the "
               "ownership first.",
               {{"member", std::string(member)}});
}

absl::Status DirectStartForbidden() {
  return Error(Reason::kDmStartForbidden,
               "Guests cannot start a direct conversation. Answer in one that a member starts with you.");
}

absl::Status OrganizationNotFound(const OrganizationId& organization) {
  return Error(Reason::kOrganizationNotFound, "There is no such organization.",
               {{"organization", ToName(organization)}});
}

absl::Status MemberNotFound(const MemberName& member) {
  return Error(Reason::kMemberNotFound, "There is no such member.", {{"member", member.ToString()}});
}

absl::Status ChannelNotFound(const ChannelName& channel) {
  return rights::RefusalError(rights::Refusal::kChannelOutOfScope, {}, rights::Action::kRead,
                              channel.ToString());
}

absl::Status ChannelMemberNotFound(const ChannelName& channel, const UserId& user) {
  return Error(Reason::kMemberNotFound, "This user takes no part in the channel.",
               {{"channel", channel.ToString()}, {"user", user.ToString()}});
}

absl::Status OrganizationMemberNotFound(const OrganizationId& organization, const UserId& user) {
  return Error(Reason::kMemberNotFound, "This user has no role in the organization.",
               {{"organization", ToName(organization)}, {"user", user.ToString()}});
}

absl::Status MemberExists() {
  return Error(Reason::kMemberExists, "This address is a member's already. There is nobody to invite.");
}

absl::Status MemberExists(const MemberName& member) {
  return Error(Reason::kMemberExists,
               "This user is a direct member already. Change that member; a guest that has ended comes back "
               "with a new expiration.",
               {{"member", member.ToString()}});
}

absl::Status LastAdmin(const MemberName& member) {
  return Error(Reason::kLastAdmin, "A workspace keeps at least one admin. Make somebody else an admin first.",
               {{"member", member.ToString()}});
}

absl::Status LastOwner(const OrganizationId& organization) {
  return Error(Reason::kLastOwner, "An organization keeps at least one owner. Make somebody else one first.",
               {{"organization", ToName(organization)}});
}

absl::Status LastGrant(const MemberName& member) {
  return Error(Reason::kLastGrant, "A guest keeps at least one channel. To take the last, remove the guest.",
               {{"member", member.ToString()}});
}

absl::Status NotAGuest(const MemberName& member) {
  return Error(Reason::kNotAGuest, "Only guests have times, grants and sponsors, and this is none.",
               {{"member", member.ToString()}});
}

absl::Status ChannelArchived(const ChannelName& channel) {
  return rights::RefusalError(rights::Refusal::kChannelArchived, {}, rights::Action::kPost,
                              channel.ToString());
}

absl::Status GuestLifetimeExceeded(absl::Time latest) {
  return Error(Reason::kGuestLifetimeExceeded,
               "This workspace limits how far ahead a guest's time may be set. Set one up to the latest that "
               "it allows.",
               {{"latest", Rfc3339(latest)}});
}

absl::Status GuestLimitReached(absl::string_view limit) {
  return Error(Reason::kGuestLimitReached,
               limit == "sponsor" ? "This sponsor has as many guests as the workspace allows each."
                                  : "This workspace has as many guests as it allows.",
               {{"limit", std::string(limit)}});
}

absl::Status ParticipationLimitReached(const UserId& user) {
  return Error(Reason::kParticipationLimitReached,
               absl::StrCat("This user takes part in ", kMaxParts,
                            " private channels and direct conversations, the most that one may. An admin can "
                            "take it out of private ones that it needs no more."),
               {{"user", user.ToString()}});
}

absl::Status InviteNoLongerValid(const InviteName& invite, absl::string_view because) {
  return Error(Reason::kInviteNoLongerValid,
               absl::StrCat("This invite no longer holds: ", because, ". Ask an admin for a new one."),
               {{"invite", invite.ToString()}});
}

absl::Status JoinCancelled(absl::string_view join_key) {
  return Error(Reason::kConflict, "This attempt at joining was given up. Begin a new one.",
               {{"join_key", std::string(join_key)}});
}

absl::Status FeedTruncated(uint32_t shard, uint64_t pruned_n) {
  return Error(
      Reason::kFeedTruncated,
      "The log begins later. Note the head, read every object of the shard anew, and go on from there.",
      {{"shard", absl::StrCat(shard)}, {"pruned_n", absl::StrCat(pruned_n)}});
}

}  // namespace guestpass::membership
