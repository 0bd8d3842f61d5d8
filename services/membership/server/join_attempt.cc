// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/join_attempt.h"

#include <string>
#include <utility>

#include "common/failpoint/failpoint.h"
#include "common/rights/names.h"
#include "common/rights_feed/wire.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/text.h"
#include "common/status/macros.h"
#include "services/membership/domain/errors.h"
#include "services/membership/domain/guest_admission.h"
#include "services/membership/server/audits.h"
#include "services/membership/server/convert.h"
#include "services/membership/server/guest_terms.h"

namespace guestpass::membership {
namespace {

namespace rights_v1 = rights::v1;
using Kind = JoinDecision::Kind;

absl::StatusOr<Join> JoinIn(const rights_v1::JoinMemberRequest& request, const UserId& user,
                            std::string address) {
  Join join{.user = user, .address = std::move(address), .rights_n = request.rights_n()};
  ASSIGN_OR_RETURN(join.workspace, ParseWorkspaceId("workspace", request.workspace()));
  ASSIGN_OR_RETURN(join.invite, ParseInviteId("invite", request.invite()));
  ASSIGN_OR_RETURN(join.inviter, ParseUserId("inviter", request.inviter()));
  ASSIGN_OR_RETURN(join.check_time, rpc::FromProto("check_time", request.check_time()));
  const auto role = rights_feed::FromProto(request.role());
  if (!role.has_value()) return FieldInvalid("role", "is none of those that there are");
  join.role = *role;
  ASSIGN_OR_RETURN(join.channels, ParseChannels("channels", request.channels()));
  ASSIGN_OR_RETURN(join.expiry, ReadExpiry("", request));
  join.link = request.link();
  RETURN_IF_ERROR(CheckJoin(join));
  return join;
}

// Whoever becomes a guest where guests are capped counts them, so no other may join meanwhile.
LockPlan PlanOf(const Join& join) {
  LockPlan plan{.workspace = join.workspace};
  for (const ChannelId& channel : join.channels) plan.channels[channel] = LockMode::kShare;
  plan.With(join.inviter, LockMode::kShare).With(join.user, LockMode::kUpdate);
  if (join.role == rights::Role::kGuest) plan.changes_workspace = CapsGuests;
  plan.newcomer = {join.user, join.address};
  plan.may_share = true;
  return plan;
}

JoinFacts FactsOf(const Join& join, const Locked& locked) {
  return {.now = locked.now,
          .workspace = locked.workspace,
          .inviter = locked.AuthorityOf(join.inviter),
          .organization_role = locked.RoleInOrganization(join.user),
          .member = locked.MemberOf(join.user),
          .channels = locked.channels};
}

// What becoming a guest asks (I20, G9).
absl::Status CheckAdmission(const Member& newcomer, const Locked& locked, MembershipTx& tx) {
  if (newcomer.state.role != rights::Role::kGuest) return absl::OkStatus();
  if (!DomainAllowed(locked.workspace->settings, newcomer.address)) return EmailDomainNotAllowed();
  return CheckRoom(newcomer, locked, tx);
}

absl::Status Store(const Join& join, const JoinDecision& decision, const Locked& locked, MembershipTx& tx) {
  if (decision.kind == Kind::kAlreadyMember) return absl::OkStatus();
  if (join.rights_n < locked.removed_n) {
    return InviteNoLongerValid(join.invite_name(), "you were removed after it was made");
  }
  RETURN_IF_ERROR(CheckAdmission(decision.member, locked, tx));
  const bool is_new = decision.kind == Kind::kNew;
  if (is_new) {
    tx.InsertMember(decision.member);
  } else {
    tx.UpdateMember(decision.member);
  }
  AuditEntry entry = AuditOf(is_new ? "member.joined" : "member.reactivated",
                             MemberName{join.workspace, join.user}.ToString(), locked, Right::kOwn);
  if (const auto before = locked.MemberOf(join.user)) entry.before = before->state;
  entry.after = decision.member.state;
  entry.notes = {{"invite", join.invite.ToString()}};
  if (!decision.member.sponsor.empty()) entry.notes["sponsor"] = decision.member.sponsor.ToString();
  tx.Audit(entry);
  return absl::OkStatus();
}

}  // namespace

rights_v1::JoinMemberResponse ResponseOf(bool already_member, const rights::MemberState& member,
                                         const rights::RightsRevision& revision) {
  rights_v1::JoinMemberResponse response;
  response.set_already_member(already_member);
  *response.mutable_member() = rights_feed::ToProto(member);
  response.set_rights_revision(revision.ToString());
  return response;
}

absl::Status JoinAttempt::Read() {
  RETURN_IF_ERROR(part_.admission);
  ASSIGN_OR_RETURN(const UserId user, part_.call.RequireUser());
  RETURN_IF_ERROR(rpc::CheckText("join_key", request_.join_key(), 1, kMaxJoinKey));
  user_ = user;
  ASSIGN_OR_RETURN(join_, JoinIn(request_, user, VerifiedAddress(part_.call)));
  if (join_.address.empty() && !request_.allow_unverified()) return EmailNotVerified();
  plan_ = PlanOf(join_);
  actor_ = ActorOf(part_.call);
  failpoint::Reach("join.begun", request_.join_key());
  return absl::OkStatus();
}

absl::Status JoinAttempt::Make(MembershipTx& tx, const Locked& locked) {
  ASSIGN_OR_RETURN(decision_, DecideJoin(join_, FactsOf(join_, locked)));
  RETURN_IF_ERROR(Store(join_, decision_, locked, tx));
  tx.InsertJoinKey({.key = request_.join_key(),
                    .outcome = JoinKey::Outcome::kJoined,
                    .workspace = join_.workspace,
                    .user = join_.user,
                    .already_member = decision_.kind == Kind::kAlreadyMember});
  failpoint::Reach("join.judged", request_.join_key());
  return absl::OkStatus();
}

rights_v1::JoinMemberResponse JoinAttempt::ResponseTo(const Committed& committed) const {
  return ResponseOf(decision_.kind == Kind::kAlreadyMember, decision_.member.state, committed.revision);
}

}  // namespace guestpass::membership
