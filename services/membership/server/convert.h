// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/repeated_field.h"
#include "guestpass/membership/v1/channel.pb.h"
#include "guestpass/membership/v1/member.pb.h"
#include "guestpass/membership/v1/organization.pb.h"
#include "guestpass/membership/v1/workspace.pb.h"
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

}  // namespace guestpass::membership
