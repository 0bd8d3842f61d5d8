// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "common/rights_feed/wire.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/text.h"
#include "common/status/macros.h"
#include "services/membership/domain/errors.h"
#include "services/membership/server/callers.h"
#include "services/membership/server/convert.h"
#include "services/membership/server/rights_service.h"

namespace guestpass::membership {
namespace {

namespace rights_v1 = rights::v1;
using Kind = JoinDecision::Kind;

constexpr size_t kMaxJoinKey = 128;

absl::StatusOr<ExpireSetting> ExpiryIn(const rights_v1::JoinMemberRequest& request) {
  if (request.has_expire_time()) return rpc::FromProto("expire_time", request.expire_time());
  if (request.has_ttl()) return rpc::FromProto("ttl", request.ttl());
  return Never{};
}

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
  ASSIGN_OR_RETURN(join.expiry, ExpiryIn(request));
  RETURN_IF_ERROR(CheckJoin(join));
  return join;
}

LockPlan PlanOf(const Join& join) {
  LockPlan plan{.workspace = join.workspace, .channels = join.channels};
  plan.users[join.inviter] = LockMode::kShare;
  plan.users[join.user] = LockMode::kUpdate;
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

// Its row first, and only then what was removed: whoever removes the user holds that row to the commit.
absl::Status Store(const Join& join, const JoinDecision& decision, const Locked& locked, MembershipTx& tx) {
  if (decision.kind == Kind::kAlreadyMember) return absl::OkStatus();
  const bool is_new = decision.kind == Kind::kNew;
  RETURN_IF_ERROR(is_new ? tx.InsertMember(decision.member) : tx.UpdateMember(decision.member));
  ASSIGN_OR_RETURN(const uint64_t removed_n, tx.RemovedN(join.workspace, join.user, join.address));
  if (join.rights_n < removed_n) {
    return InviteNoLongerValid(join.invite_name(), "you were removed after it was made");
  }
  const auto before = locked.MemberOf(join.user);
  tx.Audit({.action = is_new ? "member.joined" : "member.reactivated",
            .target = MemberName{join.workspace, join.user}.ToString(),
            .organization = locked.organization->id,
            .workspace = join.workspace,
            .before = before.has_value() ? std::optional<rights::Object>(before->state) : std::nullopt,
            .after = decision.member.state,
            .notes = {{"invite", join.invite.ToString()}, {"sponsor", join.inviter.ToString()}}});
  return absl::OkStatus();
}

// Whether an error says that nobody joined and nobody should by this attempt; the others leave it open.
bool IsRefusal(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) || absl::IsPermissionDenied(status) ||
         absl::IsInvalidArgument(status) || absl::IsAborted(status);
}

rights_v1::JoinMemberResponse ResponseOf(const JoinDecision& decision) {
  rights_v1::JoinMemberResponse response;
  response.set_already_member(decision.kind == Kind::kAlreadyMember);
  *response.mutable_member() = rights_feed::ToProto(decision.member.state);
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
  auto decision = TryJoin(call, user, request);
  if (decision.ok()) return ResponseOf(*decision);
  if (!IsRefusal(decision.status())) return decision.status();
  ASSIGN_OR_RETURN(const JoinKey decided, store_.ResolveJoinKey(request.join_key()));
  ASSIGN_OR_RETURN(decision, TwinsJoin(decided, user, request, decision.status()));
  return ResponseOf(*decision);
}

absl::StatusOr<JoinDecision> RightsService::TryJoin(const rpc::Call& call, const UserId& user,
                                                    const rights_v1::JoinMemberRequest& request) {
  ASSIGN_OR_RETURN(const Join join, JoinIn(request, user, VerifiedAddress(call)));
  if (join.address.empty()) return EmailNotVerified();
  return JoinInTransaction(call, request.join_key(), join);
}

absl::StatusOr<JoinDecision> RightsService::JoinInTransaction(const rpc::Call& call, const std::string& key,
                                                              const Join& join) {
  JoinDecision decision;
  const auto join_member = [&](MembershipTx& tx, const Locked& locked) -> absl::Status {
    ASSIGN_OR_RETURN(decision, DecideJoin(join, FactsOf(join, locked)));
    RETURN_IF_ERROR(Store(join, decision, locked, tx));
    return tx.InsertJoinKey({.key = key,
                             .outcome = JoinKey::Outcome::kJoined,
                             .workspace = join.workspace,
                             .user = join.user,
                             .already_member = decision.kind == Kind::kAlreadyMember});
  };
  RETURN_IF_ERROR(store_.Transact(PlanOf(join), ActorOf(call), join_member).status());
  return decision;
}

absl::StatusOr<JoinDecision> RightsService::TwinsJoin(const JoinKey& twin, const UserId& user,
                                                      const rights_v1::JoinMemberRequest& request,
                                                      const absl::Status& refusal) {
  if (twin.outcome == JoinKey::Outcome::kCancelled) return refusal;
  if (twin.user != user || twin.workspace.text() != request.workspace()) return JoinCancelled(twin.key);
  ASSIGN_OR_RETURN(const RightsRead read, store_.ReadRights({{.workspace = twin.workspace, .user = user}}));
  const MemberRights& rights = read.members[0];
  if (!rights.authority().role.has_value()) return refusal;
  return JoinDecision{twin.already_member ? Kind::kAlreadyMember : Kind::kNew,
                      {.state = StateToTell(rights)}};
}

absl::StatusOr<rights_v1::ResolveJoinResponse> RightsService::ResolveJoin(
    const rpc::Call&, const rights_v1::ResolveJoinRequest& request) {
  RETURN_IF_ERROR(rpc::CheckText("join_key", request.join_key(), 1, kMaxJoinKey));
  ASSIGN_OR_RETURN(const JoinKey decided, store_.ResolveJoinKey(request.join_key()));
  rights_v1::ResolveJoinResponse response;
  response.set_outcome(decided.outcome == JoinKey::Outcome::kJoined
                           ? rights_v1::ResolveJoinResponse::OUTCOME_JOINED
                           : rights_v1::ResolveJoinResponse::OUTCOME_CANCELLED);
  return response;
}

}  // namespace guestpass::membership
