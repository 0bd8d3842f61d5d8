// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/rights/decide.h"
#include "common/rights/objects.h"
#include "guestpass/type/v1/role.pb.h"

// The API's enums and the rights library's. Unspecified, and a number that this program does not know, is
// nothing; nothing is unspecified. Pure.
namespace guestpass::rights_feed {

std::optional<rights::Role> FromProto(type::v1::Role role);
std::optional<rights::OrganizationRole> FromProto(type::v1::OrganizationRole role);
std::optional<rights::GuestState> FromProto(type::v1::GuestState state);
std::optional<rights::ChannelKind> FromProto(type::v1::ChannelKind kind);
std::optional<rights::Action> FromProto(type::v1::Action action);

// A role that a caller has to give in that field. FIELD_INVALID.
absl::StatusOr<rights::Role> ParseRole(absl::string_view field, type::v1::Role role);

type::v1::Role ToProto(std::optional<rights::Role> role);
type::v1::OrganizationRole ToProto(std::optional<rights::OrganizationRole> role);
type::v1::GuestState ToProto(std::optional<rights::GuestState> state);
type::v1::ChannelKind ToProto(std::optional<rights::ChannelKind> kind);
type::v1::Action ToProto(std::optional<rights::Action> action);

}  // namespace guestpass::rights_feed
