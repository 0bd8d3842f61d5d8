// SPDX-License-Identifier: Apache-2.0
#include "services/messaging_gateway/server/convert.h"

#include "absl/strings/str_cat.h"
#include "common/rights/decide.h"
#include "common/rights/names.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/proto_time.h"

namespace guestpass::messaging {

v1::Message ToProto(const Message& message) {
  v1::Message proto;
  const ChannelName channel{message.workspace, message.channel};
  proto.set_name(absl::StrCat(channel.ToString(), "/messages/", message.number));
  proto.set_author(message.author.ToString());
  proto.set_text(message.text);
  *proto.mutable_create_time() = rpc::ToProto(message.create_time);
  proto.set_client_message_id(message.client_message_id);
  return proto;
}

v1::ConnectResponse ToEventFrame(const Message& message) {
  v1::ConnectResponse frame;
  v1::Event& event = *frame.mutable_event();
  event.set_channel(ChannelName{message.workspace, message.channel}.ToString());
  event.set_number(message.number);
  *event.mutable_post() = ToProto(message);
  return frame;
}

v1::Rights ToProto(const WorkspaceId& workspace, const rights_feed::MemberRights::State& state,
                   absl::Time now) {
  const rights::Authority& authority = state.authority;
  v1::Rights proto;
  proto.set_role(rights_feed::ToProto(authority.role));
  if (authority.role != rights::Role::kGuest) return proto;
  proto.set_guest_state(rights_feed::ToProto(rights::StateAt(authority, now)));
  if (authority.expire_time != absl::InfiniteFuture()) {
    *proto.mutable_expire_time() = rpc::ToProto(authority.expire_time);
    *proto.mutable_access_end_time() = rpc::ToProto(authority.access_end_time);
  }
  for (const ChannelId& channel : state.grants) {
    proto.add_granted_channels(ChannelName{workspace, channel}.ToString());
  }
  return proto;
}

}  // namespace guestpass::messaging
