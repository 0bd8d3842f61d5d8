// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <variant>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rights/names.h"
#include "common/rpc/proto_time.h"
#include "guestpass/invite/v1/invite.pb.h"
#include "services/invite/client/membership.h"
#include "services/invite/domain/draft.h"
#include "services/invite/domain/invite.h"

// Between the API's messages and the domain. Pure.
namespace guestpass::invite {

// What CreateInvite asks for, judged at `now` by the invite database. FIELD_INVALID naming each bad field.
// What the service sets is not read.
absl::StatusOr<Draft> ParseDraft(const WorkspaceId& workspace, const v1::Invite& invite, absl::Time now);

// The invite as it stands at `now`.
v1::Invite ToProto(const Invite& invite, absl::Time now);

// Sets a message's `guest_expiry`, and adds to its `channels`.
template <typename Message>
void SetGuestExpiry(const Invite& invite, Message& message) {
  if (const auto* time = std::get_if<absl::Time>(&invite.guest_expiry)) {
    *message.mutable_guest_expire_time() = rpc::ToProto(*time);
  }
  if (const auto* ttl = std::get_if<absl::Duration>(&invite.guest_expiry)) {
    *message.mutable_guest_ttl() = rpc::ToProto(*ttl);
  }
}
template <typename Message>
void AddChannels(const Invite& invite, Message& message) {
  for (const ChannelId& channel : invite.channels) {
    message.add_channels(ChannelName{invite.name.workspace, channel}.ToString());
  }
}

// The state, or nothing for what is none.
std::optional<State> FromProto(v1::Invite::State state);

v1::RedeemInviteResponse ToProto(const MemberName& name, const Member& member);

}  // namespace guestpass::invite
