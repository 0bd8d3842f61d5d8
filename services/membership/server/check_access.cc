// SPDX-License-Identifier: Apache-2.0
#include "common/rights/names.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/proto_time.h"
#include "common/status/macros.h"
#include "services/membership/domain/authority.h"
#include "services/membership/server/membership_service.h"

namespace guestpass::membership {
namespace {

// A service that acts for itself may ask about anybody, and so may a platform operator.
absl::Status RequireAsker(const rpc::Call& call, const UserId& target, const MemberRights& asker,
                          absl::Time now) {
  if (!call.caller.user.has_value() || call.caller.is_operator) return absl::OkStatus();
  if (call.caller.user->user == target) return RequireEntry(asker.authority(), now);
  return RequireAdmin(asker.authority(), now);
}

absl::StatusOr<rights::Action> CheckRequest(const MemberName& name,
                                            const absl::StatusOr<ChannelName>& channel,
                                            const v1::CheckAccessRequest& request) {
  RETURN_IF_ERROR(channel.status());
  if (channel->workspace != name.workspace) {
    return FieldInvalid("channel", "is of another workspace than the member");
  }
  const auto action = rights_feed::FromProto(request.action());
  if (!action.has_value()) return FieldInvalid("action", "is none of those that there are");
  return *action;
}

void SetGuest(const rights::Authority& authority, absl::Time now, v1::CheckAccessResponse& response) {
  if (authority.role != rights::Role::kGuest) return;
  response.set_guest_state(rights_feed::ToProto(std::optional(rights::StateAt(authority, now))));
  if (authority.expire_time == absl::InfiniteFuture()) return;
  *response.mutable_expire_time() = rpc::ToProto(authority.expire_time);
  *response.mutable_access_end_time() = rpc::ToProto(authority.access_end_time);
}

v1::CheckAccessResponse Decided(const MemberRights& target, rights::Action action, const std::string& channel,
                                absl::Time now) {
  const rights::Authority authority = target.authority();
  rights::Standing standing{.authority = authority};
  if (!target.channels.empty()) {
    const ChannelRights& in_channel = target.channels.front();
    standing = rights::StandingOf(authority, target.member, in_channel.channel, in_channel.participant);
  }
  v1::CheckAccessResponse response;
  const auto refusal = rights::Decide(standing, action, now);
  response.set_allowed(!refusal.has_value());
  if (refusal.has_value()) {
    const auto details = DetailsOf(rights::RefusalError(*refusal, authority, action, channel));
    response.set_reason(std::string(ReasonName(details->reason)));
    response.mutable_metadata()->insert(details->metadata.begin(), details->metadata.end());
  }
  response.set_role(rights_feed::ToProto(authority.role));
  SetGuest(authority, now, response);
  *response.mutable_decide_time() = rpc::ToProto(now);
  return response;
}

}  // namespace

absl::StatusOr<v1::CheckAccessResponse> MembershipService::Check(const rpc::Call& call,
                                                                 const v1::CheckAccessRequest& request) {
  ASSIGN_OR_RETURN(const MemberName name, ParseMemberName("name", request.name()));
  const auto channel = ParseChannelName("channel", request.channel());
  const UserId asker = call.caller.user.has_value() ? call.caller.user->user : name.user;
  std::vector<RightsQuery> queries = {{.workspace = name.workspace, .user = asker},
                                      {.workspace = name.workspace, .user = name.user}};
  if (channel.ok()) queries[1].channels = {channel->channel};
  ASSIGN_OR_RETURN(const RightsRead read, store_.ReadRights(queries));
  RETURN_IF_ERROR(RequireAsker(call, name.user, read.members[0], read.now));
  ASSIGN_OR_RETURN(const rights::Action action, CheckRequest(name, channel, request));
  return Decided(read.members[1], action, request.channel(), read.now);
}

}  // namespace guestpass::membership
