// SPDX-License-Identifier: Apache-2.0
#include <tuple>
#include <vector>

#include "common/rights/names.h"
#include "common/status/macros.h"
#include "services/membership/domain/authority.h"
#include "services/membership/domain/errors.h"
#include "services/membership/server/callers.h"
#include "services/membership/server/membership_service.h"

namespace guestpass::membership {
namespace {

// Any member may remove itself.
absl::StatusOr<Right> RequireRemover(const rpc::Call& call, const UserId& user, const MemberName& name,
                                     const Locked& locked) {
  if (user != name.user) return RequireAdminOrOperator(call, user, name.workspace, locked);
  RETURN_IF_ERROR(RequireEntry(locked.AuthorityOf(user), locked.now));
  return Right::kOwn;
}

bool IsDirectAdmin(const Locked& locked, const UserId& user) {
  const auto member = locked.MemberOf(user);
  return member.has_value() && member->state.role == rights::Role::kAdmin;
}

absl::StatusOr<Member> RequireRemovable(const MemberName& name, const Locked& locked, MembershipTx& tx) {
  const auto member = locked.MemberOf(name.user);
  if (!member.has_value()) return MemberNotFound(name);
  if (locked.RoleInOrganization(name.user) == rights::OrganizationRole::kOwner)
    return OrgOwnerProtected(name);
  if (member->state.role == rights::Role::kAdmin) {
    ASSIGN_OR_RETURN(const int64_t others, tx.CountOtherAdmins(name.workspace, name.user));
    if (others == 0) return LastAdmin(name);
  }
  return *member;
}

void AuditRemoval(const rpc::Call& call, const Member& member, const std::vector<ChannelId>& left,
                  const Locked& locked, Right right, MembershipTx& tx) {
  const auto& [workspace, user] = std::tie(member.state.workspace, member.state.user);
  AuditEntry entry{.action = ActorOf(call).user == user ? "member.left" : "member.removed",
                   .target = MemberName{workspace, user}.ToString(),
                   .organization = locked.organization->id,
                   .workspace = workspace,
                   .before = member.state,
                   .platform = right == Right::kPlatform};
  tx.Audit(entry);
  entry.action = "channel.participant_removed";
  entry.notes = {{"participant", user.ToString()}};
  for (const ChannelId& channel : left) {
    entry.target = ChannelName{workspace, channel}.ToString();
    entry.before = rights::ParticipantState{.channel = channel, .user = user, .present = true};
    entry.after = rights::ParticipantState{.channel = channel, .user = user};
    tx.Audit(entry);
  }
}

}  // namespace

absl::StatusOr<google::protobuf::Empty> MembershipService::Delete(const rpc::Call& call,
                                                                  const v1::DeleteMemberRequest& request) {
  ASSIGN_OR_RETURN(const MemberName name, ParseMemberName("name", request.name()));
  ASSIGN_OR_RETURN(const UserId user, call.RequireUser());
  LockPlan plan{.workspace = name.workspace, .users = {{user, LockMode::kShare}}};
  plan.users[name.user] = LockMode::kUpdate;
  plan.changes_workspace = [&name](const Locked& locked) { return IsDirectAdmin(locked, name.user); };
  const auto remove = [&](MembershipTx& tx, const Locked& locked) -> absl::Status {
    ASSIGN_OR_RETURN(const Right right, RequireRemover(call, user, name, locked));
    ASSIGN_OR_RETURN(const Member member, RequireRemovable(name, locked, tx));
    ASSIGN_OR_RETURN(const std::vector<ChannelId> left, tx.RemoveMember(member));
    AuditRemoval(call, member, left, locked, right, tx);
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(store_.Transact(plan, ActorOf(call), remove).status());
  return google::protobuf::Empty();
}

}  // namespace guestpass::membership
