// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/convert.h"

#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/proto_time.h"
#include "common/status/macros.h"

namespace guestpass::membership {

v1::Organization ToProto(const Organization& organization) {
  v1::Organization proto;
  proto.set_name(ToName(organization.id));
  proto.set_display_name(organization.display_name);
  *proto.mutable_create_time() = rpc::ToProto(organization.create_time);
  return proto;
}

v1::Workspace ToProto(const Workspace& workspace) {
  v1::Workspace proto;
  proto.set_name(ToName(workspace.state.workspace));
  proto.set_organization(ToName(workspace.state.organization));
  proto.set_display_name(workspace.display_name);
  *proto.mutable_guest_grace() = rpc::ToProto(workspace.guest_grace);
  *proto.mutable_create_time() = rpc::ToProto(workspace.create_time);
  return proto;
}

v1::Channel ToProto(const Channel& channel) {
  v1::Channel proto;
  proto.set_name(ChannelName{channel.state.workspace, channel.state.channel}.ToString());
  proto.set_display_name(channel.display_name);
  proto.set_kind(rights_feed::ToProto(channel.state.kind));
  proto.set_archived(channel.state.archived);
  *proto.mutable_create_time() = rpc::ToProto(channel.create_time);
  return proto;
}

absl::StatusOr<std::vector<ChannelId>> ParseChannels(
    absl::string_view field, const google::protobuf::RepeatedPtrField<std::string>& texts) {
  if (texts.size() > static_cast<int>(kMaxGrants)) return FieldInvalid(field, "has more than 100 channels");
  std::vector<ChannelId> channels;
  for (int i = 0; i < texts.size(); ++i) {
    ASSIGN_OR_RETURN(const ChannelId channel, ParseChannelId(absl::StrCat(field, "[", i, "]"), texts[i]));
    channels.push_back(channel);
  }
  return channels;
}

}  // namespace guestpass::membership
