// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/convert.h"

#include <utility>
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
  if (text.empty()) return FieldInvalid("invite.email", "is missing: give an email or a link");
  const std::optional<mail::Address> address = mail::ParseAddress(text);
  if (address.has_value()) return *address;
  return FieldInvalid("invite.email",
                      "is no mail address: one @, before it 1 to 64 ASCII characters that need no quotes, "
                      "behind it a domain, 254 bytes in all");
}

absl::StatusOr<Link> ParseLink(const v1::Invite::Link& link) {
  Link parsed{.allow_unverified = link.allow_unverified_email()};
  if (link.unlimited_uses() && link.max_uses() != 0) {
    return FieldInvalid("invite.link.max_uses", "is a limit beside unlimited_uses: leave one of them out");
  }
  if (link.unlimited_uses()) parsed.max_uses = std::nullopt;
  if (link.max_uses() != 0) parsed.max_uses = link.max_uses();
  return parsed;
}

void ParseTarget(const v1::Invite& invite, rpc::FieldReader& reader, Draft& draft) {
  if (invite.has_link()) {
    draft.link = reader.Take(ParseLink(invite.link())).value_or(Link());
  } else {
    draft.address = reader.Take(ParseEmail(invite.email())).value_or(mail::Address());
  }
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

constexpr std::pair<State, v1::Invite::State> kStates[] = {
    {State::kPending, v1::Invite::STATE_PENDING},   {State::kRedeemed, v1::Invite::STATE_REDEEMED},
    {State::kExpired, v1::Invite::STATE_EXPIRED},   {State::kRevoked, v1::Invite::STATE_REVOKED},
    {State::kDeclined, v1::Invite::STATE_DECLINED}, {State::kUndelivered, v1::Invite::STATE_UNDELIVERED}};

v1::Invite::State ToProto(State state) {
  for (const auto& [ours, proto] : kStates) {
    if (ours == state) return proto;
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
    case Delivery::kDevRestricted:
      return v1::Invite::DELIVERY_DEV_RESTRICTED;
    case Delivery::kUnknown:
      return v1::Invite::DELIVERY_UNKNOWN;
    case Delivery::kFailed:
      return v1::Invite::DELIVERY_FAILED;
    case Delivery::kNotMailed:
      return v1::Invite::DELIVERY_NOT_MAILED;
  }
  return v1::Invite::DELIVERY_UNSPECIFIED;
}

void SetTarget(const Invite& invite, v1::Invite& proto) {
  if (!invite.link.has_value()) {
    proto.set_email(invite.address.shown);
    return;
  }
  v1::Invite::Link& link = *proto.mutable_link();
  if (invite.unlimited()) {
    link.set_unlimited_uses(true);
  } else {
    link.set_max_uses(invite.max_uses());
  }
  link.set_allow_unverified_email(invite.link->allow_unverified);
  link.set_used(invite.spent + invite.reserved);
}

}  // namespace

absl::StatusOr<Draft> ParseDraft(const WorkspaceId& workspace, const v1::Invite& invite, absl::Time now) {
  rpc::FieldReader reader;
  Draft draft;
  ParseTarget(invite, reader, draft);
  draft.role = reader.Take(rights_feed::ParseRole("invite.role", invite.role()));
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
  SetTarget(invite, proto);
  proto.set_role(rights_feed::ToProto(std::optional(invite.role)));
  AddChannels(invite, proto);
  SetGuestExpiry(invite, proto);
  *proto.mutable_expire_time() = rpc::ToProto(invite.expire_time);
  proto.set_state(ToProto(StateAt(invite, now)));
  proto.set_delivery(ToProto(invite.delivery));
  proto.set_inviter(invite.inviter.ToString());
  *proto.mutable_create_time() = rpc::ToProto(invite.create_time);
  if (!invite.redeemed_by.empty()) proto.set_redeemed_by(invite.redeemed_by.ToString());
  if (invite.resend_time.has_value()) *proto.mutable_resend_time() = rpc::ToProto(*invite.resend_time);
  return proto;
}

std::optional<State> FromProto(v1::Invite::State state) {
  for (const auto& [ours, proto] : kStates) {
    if (proto == state) return ours;
  }
  return std::nullopt;
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
  proto.set_rights_revision(member.rights_revision);
  return proto;
}

}  // namespace guestpass::invite
