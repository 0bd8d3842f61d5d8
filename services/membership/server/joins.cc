// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "absl/strings/str_cat.h"
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
#include "services/membership/server/rights_service.h"

namespace guestpass::membership {
namespace {

namespace rights_v1 = rights::v1;
using Kind = JoinDecision::Kind;

constexpr size_t kMaxJoinKey = 128;

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

// Whether an error says that nobody joined and nobody should by this attempt; the others leave it open.
bool IsRefusal(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) || absl::IsPermissionDenied(status) ||
         absl::IsInvalidArgument(status) || absl::IsAborted(status) ||
         HasReason(status, Reason::kGuestLimitReached);
}

rights_v1::JoinMemberResponse ResponseOf(bool already_member, const rights::MemberState& member,
                                         const rights::RightsRevision& revision) {
  rights_v1::JoinMemberResponse response;
  response.set_already_member(already_member);
  *response.mutable_member() = rights_feed::ToProto(member);
  response.set_rights_revision(revision.ToString());
  return response;
}

// Who has authority through the organization is told nothing of a guest's record (M11).
rights::MemberState StateToTell(const MemberRights& rights) {
  const rights::MemberState& state = rights.member;
  if (state.role != rights::Role::kGuest || rights.authority().role == state.role) return state;
  return {.workspace = state.workspace, .user = state.user};
}

}  // namespace

absl::StatusOr<rights_v1::JoinMemberResponse> RightsService::JoinMember(
    const rpc::Call& call, const rights_v1::JoinMemberRequest& request) {
  ASSIGN_OR_RETURN(const UserId user, call.RequireUser());
  RETURN_IF_ERROR(rpc::CheckText("join_key", request.join_key(), 1, kMaxJoinKey));
  auto response = TryJoin(call, user, request);
  if (response.ok() || !IsRefusal(response.status())) return response;
  failpoint::Reach("join.refused", request.join_key());
  ASSIGN_OR_RETURN(const JoinKey decided, store_.ResolveJoinKey(request.join_key()));
  return TwinsJoin(decided, user, request, response.status());
}

absl::StatusOr<rights_v1::JoinMemberResponse> RightsService::TryJoin(
    const rpc::Call& call, const UserId& user, const rights_v1::JoinMemberRequest& request) {
  ASSIGN_OR_RETURN(const Join join, JoinIn(request, user, VerifiedAddress(call)));
  if (join.address.empty() && !request.allow_unverified()) return EmailNotVerified();
  JoinDecision decision;
  failpoint::Reach("join.begun", request.join_key());
  const auto join_member = [&](MembershipTx& tx, const Locked& locked) -> absl::Status {
    ASSIGN_OR_RETURN(decision, DecideJoin(join, FactsOf(join, locked)));
    RETURN_IF_ERROR(Store(join, decision, locked, tx));
    tx.InsertJoinKey({.key = request.join_key(),
                      .outcome = JoinKey::Outcome::kJoined,
                      .workspace = join.workspace,
                      .user = join.user,
                      .already_member = decision.kind == Kind::kAlreadyMember});
    failpoint::Reach("join.judged", request.join_key());
    return absl::OkStatus();
  };
  ASSIGN_OR_RETURN(const Committed committed, store_.Transact(PlanOf(join), ActorOf(call), join_member));
  failpoint::Reach("join.committed", request.join_key());
  return ResponseOf(decision.kind == Kind::kAlreadyMember, decision.member.state, committed.revision);
}

absl::StatusOr<rights_v1::JoinMemberResponse> RightsService::TwinsJoin(
    const JoinKey& twin, const UserId& user, const rights_v1::JoinMemberRequest& request,
    const absl::Status& refusal) {
  if (twin.outcome == JoinKey::Outcome::kCancelled) return refusal;
  if (twin.user != user || twin.workspace.text() != request.workspace()) return JoinCancelled(twin.key);
  ASSIGN_OR_RETURN(const RightsRead read, store_.ReadRights({{.workspace = twin.workspace, .user = user}}));
  const MemberRights& rights = read.members[0];
  if (!rights.authority().role.has_value()) return refusal;
  return ResponseOf(twin.already_member, StateToTell(rights), {read.epoch, rights.shard, rights.n});
}

absl::StatusOr<rights_v1::ResolveJoinResponse> RightsService::ResolveJoin(
    const rpc::Call&, const rights_v1::ResolveJoinRequest& request) {
  RETURN_IF_ERROR(rpc::CheckText("join_key", request.join_key(), 1, kMaxJoinKey));
  failpoint::Reach("resolve.begun", request.join_key());
  ASSIGN_OR_RETURN(const JoinKey decided, store_.ResolveJoinKey(request.join_key()));
  failpoint::Reach("resolve.decided", request.join_key());
  rights_v1::ResolveJoinResponse response;
  response.set_outcome(decided.outcome == JoinKey::Outcome::kJoined
                           ? rights_v1::ResolveJoinResponse::OUTCOME_JOINED
                           : rights_v1::ResolveJoinResponse::OUTCOME_CANCELLED);
  response.set_already_member(decided.already_member);
  return response;
}

}  // namespace guestpass::membership
