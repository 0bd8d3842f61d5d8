// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_field.h"
#include "guestpass/membership/v1/membership.pb.h"
#include "services/membership/domain/model.h"

// Between the domain's values and the API's. Pure.
namespace guestpass::membership {

v1::Organization ToProto(const Organization& organization);
v1::Workspace ToProto(const Workspace& workspace);
v1::Channel ToProto(const Channel& channel);

// Ids of channels, 100 at most. FIELD_INVALID naming the bad one.
absl::StatusOr<std::vector<ChannelId>> ParseChannels(
    absl::string_view field, const google::protobuf::RepeatedPtrField<std::string>& texts);

}  // namespace guestpass::membership
