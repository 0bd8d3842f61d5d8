// SPDX-License-Identifier: Apache-2.0
#include "services/invite/client/membership_client.h"

#include <utility>
#include <variant>

#include "common/rights/decide.h"
#include "common/rights_feed/rights_source.h"
#include "common/rights_feed/snapshot.h"
#include "common/rights_feed/wire.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/client.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/wire_status.h"
#include "common/status/macros.h"

namespace guestpass::invite {
namespace {

constexpr char kService[] = "membership";
constexpr absl::Duration kTimeout = absl::Seconds(3);

absl::Status Malformed() { return absl::InternalError("membership answered with what makes no sense"); }

void AddChannels(const std::vector<ChannelId>& channels,
                 google::protobuf::RepeatedPtrField<std::string>& ids) {
  for (const ChannelId& channel : channels) ids.Add(channel.ToString());
}

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
  if (const auto* time = std::get_if<absl::Time>(&invite.guest_expiry)) {
    *request.mutable_expire_time() = rpc::ToProto(*time);
  }
  if (const auto* ttl = std::get_if<absl::Duration>(&invite.guest_expiry)) {
    *request.mutable_ttl() = rpc::ToProto(*ttl);
  }
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

absl::StatusOr<InviteCheck> MembershipClient::CheckInvite(const rpc::Call& call, const WorkspaceId& workspace,
                                                          const Draft& draft) {
  rights::v1::CheckInviteRequest request;
  request.set_workspace(workspace.ToString());
  request.set_role(rights_feed::ToProto(draft.role));
  AddChannels(draft.channels, *request.mutable_channels());
  request.set_address(draft.address.folded);
  rights::v1::CheckInviteResponse response;
  rpc::CallContext context(token_, kTimeout, call);
  RETURN_IF_ERROR(rpc::FromGrpc(stub_->CheckInvite(context.get(), request, &response), kService));
  const auto database_time = rpc::FromProto("database_time", response.database_time());
  if (!database_time.ok()) return Malformed();
  return InviteCheck{.rights_n = response.rights_n(),
                     .database_time = *database_time,
                     .removed_n = response.removed_n(),
                     .workspace_display_name = response.workspace_display_name()};
}

absl::StatusOr<Member> MembershipClient::Join(const rpc::Call& call, const Invite& invite,
                                              const std::string& join_key) {
  rights::v1::JoinMemberResponse response;
  rpc::CallContext context(token_, kJoinTimeout, call);
  RETURN_IF_ERROR(
      rpc::FromGrpc(stub_->JoinMember(context.get(), JoinRequest(invite, join_key), &response), kService));
  ASSIGN_OR_RETURN(const rights::MemberState state, rights_feed::FromProto(response.member()));
  return MemberOf(state, response.already_member());
}

absl::StatusOr<bool> MembershipClient::Resolve(const std::string& join_key) {
  rights::v1::ResolveJoinRequest request;
  request.set_join_key(join_key);
  rights::v1::ResolveJoinResponse response;
  rpc::CallContext context(token_, kTimeout);
  RETURN_IF_ERROR(rpc::FromGrpc(stub_->ResolveJoin(context.get(), request, &response), kService));
  if (response.outcome() == rights::v1::ResolveJoinResponse::OUTCOME_JOINED) return true;
  if (response.outcome() == rights::v1::ResolveJoinResponse::OUTCOME_CANCELLED) return false;
  return Malformed();
}

absl::StatusOr<std::optional<Member>> MembershipClient::Find(const MemberName& name) {
  const auto request = rights_feed::ToProto(
      std::vector<rights_feed::RightsQuery>{{.workspace = name.workspace, .user = name.user}});
  rights::v1::BatchGetRightsResponse response;
  rpc::CallContext context(token_, kTimeout);
  RETURN_IF_ERROR(rpc::FromGrpc(stub_->BatchGetRights(context.get(), request, &response), kService));
  ASSIGN_OR_RETURN(const rights_feed::RightsBatch batch, rights_feed::FromProto(response));
  if (batch.snapshots.size() != 1) return Malformed();
  return MemberIn(batch.snapshots[0], absl::FromUnixMicros(response.database_us()));
}

}  // namespace guestpass::invite
