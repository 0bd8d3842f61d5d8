// SPDX-License-Identifier: Apache-2.0
#include "common/mail/address.h"
#include "common/rights/names.h"
#include "common/rights/revision.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/proto_time.h"
#include "common/status/macros.h"
#include "services/membership/domain/errors.h"
#include "services/membership/domain/grants.h"
#include "services/membership/domain/guest_admission.h"
#include "services/membership/server/callers.h"
#include "services/membership/server/convert.h"
#include "services/membership/server/rights_service.h"

namespace guestpass::membership {
namespace {

namespace rights_v1 = rights::v1;

absl::Status CheckRole(const rights_v1::CheckInviteRequest& request,
                       const absl::StatusOr<std::vector<ChannelId>>& channels) {
  const auto role = rights_feed::FromProto(request.role());
  if (!role.has_value()) return FieldInvalid("role", "is none of those that there are");
  RETURN_IF_ERROR(channels.status());
  if (role == rights::Role::kGuest && channels->empty()) {
    return FieldInvalid("channels", "is empty: a guest is granted at least one");
  }
  if (role != rights::Role::kGuest && !channels->empty())
    return FieldInvalid("channels", "is for guests only");
  return absl::OkStatus();
}

absl::Status CheckChannels(const WorkspaceId& workspace, const std::vector<ChannelRights>& channels) {
  for (const ChannelRights& asked : channels) {
    const bool is_here = asked.channel.workspace == workspace && asked.channel.kind.has_value();
    RETURN_IF_ERROR(CheckGrantable({workspace, asked.channel.channel},
                                   is_here ? std::optional(Channel{.state = asked.channel}) : std::nullopt));
  }
  return absl::OkStatus();
}

// What becoming a guest will ask (G7, I20, G9), the address's part where there is one.
absl::Status CheckGuest(const rights_v1::CheckInviteRequest& request, const InviteRead& read,
                        const std::string& address) {
  if (rights_feed::FromProto(request.role()) != rights::Role::kGuest) return absl::OkStatus();
  ASSIGN_OR_RETURN(const ExpireSetting expiry, ReadExpiry("", request));
  const WorkspaceSettings& settings = read.workspace.settings;
  RETURN_IF_ERROR(FirstExpireTime(expiry, settings, read.now).status());
  if (!address.empty() && !DomainAllowed(settings, address)) return EmailDomainNotAllowed();
  return absl::OkStatus();
}

absl::Status CheckCapsOfGuest(const rights_v1::CheckInviteRequest& request, const InviteRead& read) {
  if (rights_feed::FromProto(request.role()) != rights::Role::kGuest) return absl::OkStatus();
  return CheckCaps(read.workspace.settings, read.guests);
}

}  // namespace

absl::StatusOr<rights_v1::CheckInviteResponse> RightsService::CheckInvite(
    const rpc::Call& call, const rights_v1::CheckInviteRequest& request) {
  ASSIGN_OR_RETURN(const WorkspaceId workspace, ParseWorkspaceId("workspace", request.workspace()));
  ASSIGN_OR_RETURN(const UserId user, call.RequireUser());
  const auto channels = ParseChannels("channels", request.channels());
  const auto address = mail::ParseAddress(request.address());
  const std::string folded = address.has_value() ? address->folded : "";
  InviteQuery query{.inviter = {.workspace = workspace, .user = user}, .address = folded};
  query.counts_guests = request.role() == type::v1::ROLE_GUEST;
  if (channels.ok()) query.inviter.channels = *channels;
  ASSIGN_OR_RETURN(const InviteRead read, store_.ReadForInvite(query));
  const Position position{.now = read.now, .authority = read.inviter.authority()};
  RETURN_IF_ERROR(Authorize(RuleFor(request).need, call, position, {.workspace = workspace}).status());
  RETURN_IF_ERROR(CheckRole(request, channels));
  if (!request.address().empty() && folded.empty()) return FieldInvalid("address", "is no mail address");
  RETURN_IF_ERROR(CheckChannels(workspace, read.inviter.channels));
  RETURN_IF_ERROR(CheckGuest(request, read, folded));
  if (!folded.empty() && read.member_exists) return MemberExists();
  RETURN_IF_ERROR(CheckCapsOfGuest(request, read));
  rights_v1::CheckInviteResponse response;
  response.set_rights_n(read.inviter.n);
  *response.mutable_database_time() = rpc::ToProto(read.now);
  response.set_removed_n(read.removed_n);
  response.set_workspace_display_name(read.workspace.display_name);
  const rights::RightsRevision revision{
      .epoch = read.epoch, .shard = read.inviter.shard, .n = read.inviter.n};
  response.set_rights_revision(revision.ToString());
  return response;
}

}  // namespace guestpass::membership
