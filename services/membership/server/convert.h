// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/proto_time.h"
#include "google/protobuf/repeated_field.h"
#include "guestpass/membership/v1/channel.pb.h"
#include "guestpass/membership/v1/member.pb.h"
#include "guestpass/membership/v1/organization.pb.h"
#include "guestpass/membership/v1/workspace.pb.h"
#include "services/membership/domain/guest_times.h"
#include "services/membership/domain/model.h"
#include "services/membership/storage/views.h"

// Between the domain's values and the API's. Pure. Resources come with their etags and without a revision.
namespace guestpass::membership {

v1::Organization ToProto(const Organization& organization);
v1::Workspace ToProto(const Workspace& workspace);
v1::Channel ToProto(const Channel& channel);

// A member as it stands at `now`.
v1::Member ToProto(const MemberView& view, absl::Time now);

// Ids of channels, 100 at most. FIELD_INVALID naming the bad one.
absl::StatusOr<std::vector<ChannelId>> ParseChannels(
    absl::string_view field, const google::protobuf::RepeatedPtrField<std::string>& texts);

// Channels of `workspace` by name, 1 to 100, sorted and each once. FIELD_INVALID naming the bad one.
absl::StatusOr<std::vector<ChannelId>> ParseGrants(
    absl::string_view field, const WorkspaceId& workspace,
    const google::protobuf::RepeatedPtrField<std::string>& names);

// How a message with `oneof {expire_time, ttl}` sets a guest's time; Never where it sets none. FIELD_INVALID
// naming the field behind `prefix`.
template <typename Message>
absl::StatusOr<ExpireSetting> ReadExpiry(const std::string& prefix, const Message& message) {
  if (message.has_expire_time()) return rpc::FromProto(prefix + "expire_time", message.expire_time());
  if (message.has_ttl()) return rpc::FromProto(prefix + "ttl", message.ttl());
  return Never{};
}

}  // namespace guestpass::membership
