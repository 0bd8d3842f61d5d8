// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/convert.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/etag.h"
#include "common/rpc/proto_time.h"
#include "common/status/macros.h"
#include "services/membership/domain/guest_times.h"

namespace guestpass::membership {
namespace {

template <typename Resource>
Resource WithEtag(Resource resource) {
  resource.set_etag(rpc::EtagOf(resource));
  return resource;
}

// Of what an update could say of it, so that neither the clock nor the organization moves it.
std::string EtagOf(const v1::Member& member, const std::vector<ChannelId>& grants) {
  v1::UpdateMemberRequest stored;
  *stored.mutable_member() = member;
  stored.mutable_member()->clear_guest_state();
  stored.mutable_member()->clear_org_role();
  for (const ChannelId& channel : grants) stored.mutable_guest()->add_channels(channel.ToString());
  return rpc::EtagOf(stored);
}

void SetGuest(const Member& guest, absl::Time now, v1::Member& proto) {
  proto.set_sponsor(guest.sponsor.ToString());
  proto.set_guest_state(rights_feed::ToProto(std::optional(StateAt(guest.state, now))));
  if (guest.state.expire_time == absl::InfiniteFuture()) return;
  *proto.mutable_expire_time() = rpc::ToProto(guest.state.expire_time);
  *proto.mutable_access_end_time() = rpc::ToProto(guest.state.access_end_time);
}

}  // namespace

v1::Organization ToProto(const Organization& organization) {
  v1::Organization proto;
  proto.set_name(ToName(organization.id));
  proto.set_display_name(organization.display_name);
  *proto.mutable_create_time() = rpc::ToProto(organization.create_time);
  return WithEtag(proto);
}

v1::Workspace ToProto(const Workspace& workspace) {
  const WorkspaceSettings& settings = workspace.settings;
  v1::Workspace proto;
  proto.set_name(ToName(workspace.state.workspace));
  proto.set_organization(ToName(workspace.state.organization));
  proto.set_display_name(workspace.display_name);
  *proto.mutable_guest_grace() = rpc::ToProto(settings.guest_grace);
  *proto.mutable_create_time() = rpc::ToProto(workspace.create_time);
  if (settings.default_lifetime.has_value()) {
    *proto.mutable_default_guest_lifetime() = rpc::ToProto(*settings.default_lifetime);
  }
  if (settings.maximum_lifetime.has_value()) {
    *proto.mutable_maximum_guest_lifetime() = rpc::ToProto(*settings.maximum_lifetime);
  }
  proto.set_guest_cap(static_cast<int32_t>(settings.guest_cap));
  proto.set_sponsor_guest_cap(static_cast<int32_t>(settings.sponsor_guest_cap));
  for (const std::string& domain : settings.guest_domains) proto.add_guest_domains(domain);
  return WithEtag(proto);
}

v1::Channel ToProto(const Channel& channel) {
  v1::Channel proto;
  proto.set_name(ChannelName{channel.state.workspace, channel.state.channel}.ToString());
  proto.set_display_name(channel.display_name);
  proto.set_kind(rights_feed::ToProto(channel.state.kind));
  proto.set_archived(channel.state.archived);
  *proto.mutable_create_time() = rpc::ToProto(channel.create_time);
  return WithEtag(proto);
}

v1::Member ToProto(const MemberView& view, absl::Time now) {
  const Member& member = view.member;
  v1::Member proto;
  proto.set_name(MemberName{member.state.workspace, member.state.user}.ToString());
  proto.set_user(member.state.user.ToString());
  proto.set_role(rights_feed::ToProto(member.state.role));
  proto.set_org_role(rights_feed::ToProto(view.organization_role));
  proto.set_via_org(view.via_org);
  if (view.via_org) return proto;
  *proto.mutable_create_time() = rpc::ToProto(member.create_time);
  if (member.state.role == rights::Role::kGuest) SetGuest(member, now, proto);
  proto.set_etag(EtagOf(proto, member.state.grants));
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

absl::StatusOr<std::vector<ChannelId>> ParseGrants(
    absl::string_view field, const WorkspaceId& workspace,
    const google::protobuf::RepeatedPtrField<std::string>& names) {
  if (names.empty()) return FieldInvalid(field, "is empty: a guest is granted at least one channel");
  if (names.size() > static_cast<int>(kMaxGrants)) return FieldInvalid(field, "has more than 100 channels");
  std::vector<ChannelId> channels;
  for (int i = 0; i < names.size(); ++i) {
    const std::string at = absl::StrCat(field, "[", i, "]");
    ASSIGN_OR_RETURN(const ChannelName name, ParseChannelName(at, names[i]));
    if (name.workspace != workspace) return FieldInvalid(at, "is of another workspace");
    channels.push_back(name.channel);
  }
  std::sort(channels.begin(), channels.end());
  channels.erase(std::unique(channels.begin(), channels.end()), channels.end());
  return channels;
}

}  // namespace guestpass::membership
