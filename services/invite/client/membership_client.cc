// SPDX-License-Identifier: Apache-2.0
#include "services/invite/client/membership_client.h"

#include <optional>
#include <string>
#include <utility>

#include "common/auth/random.h"
#include "common/rights/decide.h"
#include "common/rights/revision.h"
#include "common/rights_feed/rights_source.h"
#include "common/rights_feed/snapshot.h"
#include "common/rights_feed/wire.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/client.h"
#include "common/rpc/proto_time.h"
#include "common/status/macros.h"
#include "services/invite/client/requests.h"

namespace guestpass::invite {
namespace {

using Async = class rights::v1::RightsService::Stub::async;

rights::v1::JoinMemberRequest JoinRequest(const Invite& invite, const std::string& join_key) {
  rights::v1::JoinMemberRequest request;
  request.set_join_key(join_key);
  request.set_workspace(invite.name.workspace.ToString());
  request.set_invite(invite.name.invite.ToString());
  request.set_inviter(invite.inviter.ToString());
  request.set_rights_n(invite.rights_n);
  *request.mutable_check_time() = rpc::ToProto(invite.check_time);
  request.set_role(rights_feed::ToProto(std::optional(invite.role)));
  AddChannels(invite.channels, *request.mutable_channels());
  request.set_link(invite.link.has_value());
  request.set_allow_unverified(invite.link.has_value() && invite.link->allow_unverified);
  SetExpiry(invite.guest_expiry, request);
  return request;
}

// Without a role in the workspace itself it has authority through the organization (M11).
Member MemberOf(const rights::MemberState& state, bool already_member) {
  if (!state.role.has_value()) {
    return {.already_member = already_member, .direct = false, .role = rights::Role::kAdmin};
  }
  return {.already_member = already_member,
          .role = *state.role,
          .channels = state.grants,
          .expire_time = state.expire_time,
          .access_end_time = state.access_end_time};
}

absl::StatusOr<Member> AnswerIn(const rights::v1::BatchJoinMembersResponse::Outcome& outcome) {
  RETURN_IF_ERROR(rpc::FromWire(outcome.error()));
  if (!outcome.has_joined()) return MalformedAnswer();
  ASSIGN_OR_RETURN(const rights::MemberState state, rights_feed::FromProto(outcome.joined().member()));
  Member member = MemberOf(state, outcome.joined().already_member());
  member.rights_revision = outcome.joined().rights_revision();
  return member;
}

absl::StatusOr<std::optional<Member>> MemberIn(const rights_feed::RightsSnapshot& snapshot, absl::Time now) {
  using rights::Refusal;
  if (!snapshot.found) return std::optional<Member>();
  const rights::Authority authority = rights_feed::AuthorityIn(snapshot);
  const std::optional<Refusal> refusal = rights::DecideEntry(authority, false, now);
  if (refusal == Refusal::kNoMember) return std::optional<Member>();
  if (refusal.has_value()) return rights::RefusalError(*refusal, authority, rights::Action::kRead, "");
  Member member = MemberOf(rights_feed::ObjectOf<rights::MemberState>(snapshot), true);
  if (member.role == rights::Role::kGuest && rights::IsAdmin(authority)) {
    member = {.already_member = true, .role = rights::Role::kAdmin};
  }
  return std::optional<Member>(member);
}

}  // namespace

void MembershipClient::Join(const Invite& invite, std::vector<Joining>& joinings) {
  const absl::Status status = OfEach(JoinAll(invite, joinings));
  if (status.ok()) return;
  for (Joining& joining : joinings) joining.answer = status;
}

absl::Status MembershipClient::JoinAll(const Invite& invite, std::vector<Joining>& joinings) {
  rights::v1::BatchJoinMembersRequest request;
  for (const Joining& joining : joinings) {
    auto& asked = *request.add_joinings();
    SetUser(joining.call, asked);
    *asked.mutable_request() = JoinRequest(invite, joining.join_key);
  }
  const auto call_of = [](const Joining& joining) -> const rpc::Call& { return joining.call; };
  rights::v1::BatchJoinMembersResponse response;
  rpc::CallContext context(token_, TimeFor(joinings, call_of, kJoinTimeout));
  RETURN_IF_ERROR(
      rpc::Ask(stub_->async(), &Async::BatchJoinMembers, context, request, response, kMembershipService));
  if (static_cast<size_t>(response.outcomes_size()) != joinings.size()) return MalformedAnswer();
  for (size_t i = 0; i < joinings.size(); ++i) {
    joinings[i].answer = AnswerIn(response.outcomes(static_cast<int>(i)));
  }
  return absl::OkStatus();
}

absl::StatusOr<JoinOutcome> MembershipClient::Resolve(const std::string& join_key) {
  using Response = rights::v1::ResolveJoinResponse;
  rights::v1::ResolveJoinRequest request;
  request.set_join_key(join_key);
  Response response;
  rpc::CallContext context(token_, kMembershipTimeout);
  RETURN_IF_ERROR(
      rpc::Ask(stub_->async(), &Async::ResolveJoin, context, request, response, kMembershipService));
  if (response.outcome() == Response::OUTCOME_CANCELLED) return JoinOutcome::kCancelled;
  if (response.outcome() != Response::OUTCOME_JOINED) return MalformedAnswer();
  return response.already_member() ? JoinOutcome::kAlreadyMember : JoinOutcome::kJoined;
}

struct MembershipClient::Read {
  std::string epoch;
  rights_feed::RightsSnapshot snapshot;
  absl::Time database_time;
};

absl::StatusOr<MembershipClient::Read> MembershipClient::ReadRights(const MemberName& name) {
  const auto request = rights_feed::ToProto(
      std::vector<rights_feed::RightsQuery>{{.workspace = name.workspace, .user = name.user}});
  rights::v1::BatchGetRightsResponse response;
  rpc::CallContext context(token_, kMembershipTimeout);
  RETURN_IF_ERROR(
      rpc::Ask(stub_->async(), &Async::BatchGetRights, context, request, response, kMembershipService));
  ASSIGN_OR_RETURN(rights_feed::RightsBatch batch, rights_feed::FromProto(response));
  if (batch.snapshots.size() != 1) return MalformedAnswer();
  return Read{batch.epoch, std::move(batch.snapshots[0]), absl::FromUnixMicros(response.database_us())};
}

absl::StatusOr<std::optional<Member>> MembershipClient::Find(const MemberName& name) {
  ASSIGN_OR_RETURN(const Read read, ReadRights(name));
  ASSIGN_OR_RETURN(std::optional<Member> member, MemberIn(read.snapshot, read.database_time));
  if (member.has_value()) {
    member->rights_revision =
        rights::RightsRevision{read.epoch, read.snapshot.shard, read.snapshot.n}.ToString();
  }
  return member;
}

// What is read is some user's rights, whoever wants to know: here they are of one whom there is not.
absl::StatusOr<bool> MembershipClient::WorkspaceStands(const WorkspaceId& workspace) {
  ASSIGN_OR_RETURN(const Read read, ReadRights({workspace, auth::UserIdOf("", "")}));
  return read.snapshot.found && !rights_feed::ObjectOf<rights::WorkspaceState>(read.snapshot).deleted;
}

}  // namespace guestpass::invite
