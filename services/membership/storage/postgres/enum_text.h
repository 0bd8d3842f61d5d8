// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/strings/string_view.h"
#include "common/rights/objects.h"

// The words that the tables and the log have for the rights library's enums. Pure.
namespace guestpass::membership {

absl::string_view ToText(rights::Role role);
absl::string_view ToText(rights::OrganizationRole role);
absl::string_view ToText(rights::GuestState state);
absl::string_view ToText(rights::ChannelKind kind);

// Nothing for any other word.
std::optional<rights::Role> RoleOf(absl::string_view text);
std::optional<rights::OrganizationRole> OrganizationRoleOf(absl::string_view text);
std::optional<rights::GuestState> GuestStateOf(absl::string_view text);
std::optional<rights::ChannelKind> ChannelKindOf(absl::string_view text);

}  // namespace guestpass::membership
