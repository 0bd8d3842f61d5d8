// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/enum_text.h"

namespace guestpass::membership {
namespace {

using rights::ChannelKind;
using rights::GuestState;
using rights::OrganizationRole;
using rights::Role;

template <typename Enum>
struct Word {
  Enum value;
  absl::string_view text;
};

constexpr Word<Role> kRoles[] = {
    {Role::kAdmin, "ADMIN"}, {Role::kMember, "MEMBER"}, {Role::kViewer, "VIEWER"}, {Role::kGuest, "GUEST"}};
constexpr Word<OrganizationRole> kOrganizationRoles[] = {{OrganizationRole::kOwner, "OWNER"},
                                                         {OrganizationRole::kAdmin, "ADMIN"}};
constexpr Word<GuestState> kGuestStates[] = {
    {GuestState::kActive, "ACTIVE"}, {GuestState::kSoftLocked, "SOFT_LOCKED"}, {GuestState::kEnded, "ENDED"}};
constexpr Word<ChannelKind> kChannelKinds[] = {
    {ChannelKind::kPublic, "PUBLIC"}, {ChannelKind::kPrivate, "PRIVATE"}, {ChannelKind::kDirect, "DIRECT"}};

template <typename Enum, size_t size>
absl::string_view TextIn(const Word<Enum> (&words)[size], Enum value) {
  for (const Word<Enum>& word : words) {
    if (word.value == value) return word.text;
  }
  return "";
}

template <typename Enum, size_t size>
std::optional<Enum> ValueIn(const Word<Enum> (&words)[size], absl::string_view text) {
  for (const Word<Enum>& word : words) {
    if (word.text == text) return word.value;
  }
  return std::nullopt;
}

}  // namespace

absl::string_view ToText(Role role) { return TextIn(kRoles, role); }
absl::string_view ToText(OrganizationRole role) { return TextIn(kOrganizationRoles, role); }
absl::string_view ToText(GuestState state) { return TextIn(kGuestStates, state); }
absl::string_view ToText(ChannelKind kind) { return TextIn(kChannelKinds, kind); }

std::optional<Role> RoleOf(absl::string_view text) { return ValueIn(kRoles, text); }
std::optional<OrganizationRole> OrganizationRoleOf(absl::string_view text) {
  return ValueIn(kOrganizationRoles, text);
}
std::optional<GuestState> GuestStateOf(absl::string_view text) { return ValueIn(kGuestStates, text); }
std::optional<ChannelKind> ChannelKindOf(absl::string_view text) { return ValueIn(kChannelKinds, text); }

}  // namespace guestpass::membership
