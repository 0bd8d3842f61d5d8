// SPDX-License-Identifier: Apache-2.0
#include "services/membership/domain/errors.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace guestpass::membership {

absl::Status RoleTooLow(const rights::Authority& authority) {
  return rights::RefusalError(rights::Refusal::kRoleTooLow, authority, rights::Action::kRead, "");
}

absl::Status NoOrganizationRole() {
  return Error(Reason::kRoleTooLow, "Only owners and admins of the organization can do this.",
               {{"role", "NONE"}});
}

absl::Status OperatorsOnly() {
  return Error(Reason::kCallerNotAllowed, "Only platform operators can do this.");
}

absl::Status EmailNotVerified() {
  return Error(Reason::kEmailNotVerified,
               "Your account has no verified email address. Verify it where you sign in, then try again.");
}

absl::Status OrgOwnerProtected(const MemberName& member) {
  return Error(
      Reason::kOrgOwnerProtected,
      "An owner of the organization cannot be removed through a workspace. Take the ownership first.",
      {{"member", member.ToString()}});
}

absl::Status WorkspaceNotFound(const WorkspaceId& workspace) {
  return Error(Reason::kWorkspaceNotFound, "There is no such workspace.", {{"workspace", ToName(workspace)}});
}

absl::Status MemberNotFound(const MemberName& member) {
  return Error(Reason::kMemberNotFound, "There is no such member.", {{"member", member.ToString()}});
}

absl::Status ChannelNotFound(const ChannelName& channel) {
  return Error(Reason::kChannelNotFound, "There is no such channel that a guest could be granted.",
               {{"channel", channel.ToString()}});
}

absl::Status MemberExists() {
  return Error(Reason::kMemberExists, "This address is a member's already. There is nobody to invite.");
}

absl::Status LastAdmin(const MemberName& member) {
  return Error(Reason::kLastAdmin, "A workspace keeps at least one admin. Make somebody else an admin first.",
               {{"member", member.ToString()}});
}

absl::Status NotAGuest(const MemberName& member) {
  return Error(Reason::kNotAGuest, "Only guests have an expiration.", {{"member", member.ToString()}});
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
