// SPDX-License-Identifier: Apache-2.0
#include "common/auth/random.h"
#include "common/rights/names.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/field_reader.h"
#include "common/rpc/text.h"
#include "common/status/macros.h"
#include "services/membership/server/callers.h"
#include "services/membership/server/convert.h"
#include "services/membership/server/membership_service.h"

namespace guestpass::membership {
namespace {

absl::StatusOr<Channel> NewChannel(const WorkspaceId& workspace, const v1::Channel& proto, absl::Time now) {
  rpc::FieldReader reader;
  reader.Check(rpc::CheckDisplayName("channel.display_name", proto.display_name()));
  const auto kind = rights_feed::FromProto(proto.kind());
  if (kind != rights::ChannelKind::kPublic && kind != rights::ChannelKind::kPrivate) {
    reader.Add({{"channel.kind", "is neither PUBLIC nor PRIVATE"}});
  }
  RETURN_IF_ERROR(reader.Finish());
  return Channel{.state = {.channel = auth::NewId<ChannelId>(), .workspace = workspace, .kind = kind},
                 .display_name = proto.display_name(),
                 .create_time = now};
}

AuditEntry Created(const Channel& channel, const Locked& locked, Right right) {
  return {.action = "channel.created",
          .target = ChannelName{channel.state.workspace, channel.state.channel}.ToString(),
          .organization = locked.organization->id,
          .workspace = channel.state.workspace,
          .after = channel.state,
          .platform = right == Right::kPlatform};
}

}  // namespace

absl::StatusOr<v1::Channel> MembershipService::Create(const rpc::Call& call,
                                                      const v1::CreateChannelRequest& request) {
  ASSIGN_OR_RETURN(const WorkspaceId workspace, ParseWorkspaceName("parent", request.parent()));
  ASSIGN_OR_RETURN(const UserId user, call.RequireUser());
  Channel channel;
  const auto create = [&](MembershipTx& tx, const Locked& locked) -> absl::Status {
    ASSIGN_OR_RETURN(const Right right, RequireAdminOrOperator(call, user, workspace, locked));
    ASSIGN_OR_RETURN(channel, NewChannel(workspace, request.channel(), locked.now));
    RETURN_IF_ERROR(tx.InsertChannel(channel));
    AuditEntry entry = Created(channel, locked, right);
    // An operator administers without taking part.
    if (channel.state.kind == rights::ChannelKind::kPrivate && right == Right::kOwn) {
      RETURN_IF_ERROR(tx.InsertParticipant(channel.state.channel, user));
      entry.notes = {{"participant", user.ToString()}};
    }
    tx.Audit(entry);
    return absl::OkStatus();
  };
  const LockPlan plan{.workspace = workspace, .users = {{user, LockMode::kShare}}};
  RETURN_IF_ERROR(store_.Transact(plan, ActorOf(call), create).status());
  return ToProto(channel);
}

}  // namespace guestpass::membership
