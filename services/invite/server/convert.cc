// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/convert.h"

#include <variant>

#include "absl/strings/str_cat.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/field_reader.h"
#include "common/rpc/proto_time.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace guestpass::invite {
namespace {

absl::StatusOr<mail::Address> ParseEmail(absl::string_view text) {
  const std::optional<mail::Address> address = mail::ParseAddress(text);
  if (address.has_value()) return *address;
  return FieldInvalid("invite.email",
                      "is no mail address: one @, before it 1 to 64 ASCII characters that need no quotes, "
                      "behind it a domain, 254 bytes in all");
}

absl::StatusOr<ChannelId> ParseChannel(const WorkspaceId& workspace, int i, absl::string_view text) {
  const std::string field = absl::StrCat("invite.channels[", i, "]");
  const absl::StatusOr<ChannelName> name = ParseChannelName(field, text);
  if (!name.ok()) return name.status();
  if (name->workspace != workspace) return FieldInvalid(field, "is a channel of another workspace");
  return name->channel;
}

// A list that is too long is not read, only counted.
std::vector<ChannelId> ParseChannels(const WorkspaceId& workspace, const v1::Invite& invite,
                                     rpc::FieldReader& reader) {
  std::vector<ChannelId> channels(invite.channels_size());
  if (channels.size() > kMaxChannels) return channels;
  for (int i = 0; i < invite.channels_size(); ++i) {
    channels[i] = reader.Take(ParseChannel(workspace, i, invite.channels(i))).value_or(ChannelId());
  }
  return channels;
}

GuestExpiry ParseGuestExpiry(const v1::Invite& invite, rpc::FieldReader& reader) {
  if (invite.has_guest_expire_time()) {
    const auto time = reader.Take(rpc::FromProto("invite.guest_expire_time", invite.guest_expire_time()));
    if (time.has_value()) return *time;
  }
  if (invite.has_guest_ttl()) {
    const auto ttl = reader.Take(rpc::FromProto("invite.guest_ttl", invite.guest_ttl()));
    if (ttl.has_value()) return *ttl;
  }
  return std::monostate();
}

v1::Invite::State ToProto(State state) {
  switch (state) {
    case State::kPending:
      return v1::Invite::STATE_PENDING;
    case State::kRedeemed:
      return v1::Invite::STATE_REDEEMED;
    case State::kExpired:
      return v1::Invite::STATE_EXPIRED;
    case State::kRevoked:
      return v1::Invite::STATE_REVOKED;
  }
  return v1::Invite::STATE_UNSPECIFIED;
}

v1::Invite::Delivery ToProto(Delivery delivery) {
  switch (delivery) {
    case Delivery::kSending:
      return v1::Invite::DELIVERY_SENDING;
    case Delivery::kSent:
      return v1::Invite::DELIVERY_SENT;
    case Delivery::kNotConfigured:
      return v1::Invite::DELIVERY_NOT_CONFIGURED;
  }
  return v1::Invite::DELIVERY_UNSPECIFIED;
}

}  // namespace

absl::StatusOr<Draft> ParseDraft(const WorkspaceId& workspace, const v1::Invite& invite, absl::Time now) {
  rpc::FieldReader reader;
  Draft draft;
  draft.address = reader.Take(ParseEmail(invite.email())).value_or(mail::Address());
  draft.role = rights_feed::FromProto(invite.role());
  draft.channels = ParseChannels(workspace, invite, reader);
  draft.guest_expiry = ParseGuestExpiry(invite, reader);
  if (invite.has_expire_time()) {
    draft.expire_time = reader.Take(rpc::FromProto("invite.expire_time", invite.expire_time()));
  }
  reader.Add(Violations(draft, now));
  RETURN_IF_ERROR(reader.Finish());
  return draft;
}

v1::Invite ToProto(const Invite& invite, absl::Time now) {
  v1::Invite proto;
  proto.set_name(invite.name.ToString());
  proto.set_email(invite.address.shown);
  proto.set_role(rights_feed::ToProto(std::optional(invite.role)));
  for (const ChannelId& channel : invite.channels) {
    proto.add_channels(ChannelName{invite.name.workspace, channel}.ToString());
  }
  if (const auto* time = std::get_if<absl::Time>(&invite.guest_expiry)) {
    *proto.mutable_guest_expire_time() = rpc::ToProto(*time);
  }
  if (const auto* ttl = std::get_if<absl::Duration>(&invite.guest_expiry)) {
    *proto.mutable_guest_ttl() = rpc::ToProto(*ttl);
  }
  *proto.mutable_expire_time() = rpc::ToProto(invite.expire_time);
  proto.set_state(ToProto(StateAt(invite, now)));
  proto.set_delivery(ToProto(invite.delivery));
  proto.set_inviter(invite.inviter.ToString());
  *proto.mutable_create_time() = rpc::ToProto(invite.create_time);
  return proto;
}

v1::RedeemInviteResponse ToProto(const MemberName& name, const Member& member) {
  v1::RedeemInviteResponse proto;
  proto.set_already_member(member.already_member);
  proto.set_member(name.ToString());
  proto.set_role(rights_feed::ToProto(std::optional(member.role)));
  for (const ChannelId& channel : member.channels) {
    proto.add_channels(ChannelName{name.workspace, channel}.ToString());
  }
  if (member.expire_time < absl::InfiniteFuture()) {
    *proto.mutable_guest_expire_time() = rpc::ToProto(member.expire_time);
  }
  if (member.access_end_time < absl::InfiniteFuture()) {
    *proto.mutable_access_end_time() = rpc::ToProto(member.access_end_time);
  }
  return proto;
}

}  // namespace guestpass::invite
