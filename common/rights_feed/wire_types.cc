// SPDX-License-Identifier: Apache-2.0
#include "common/rights_feed/wire_types.h"

#include <utility>

#include "common/status/error.h"

namespace guestpass::rights_feed {
namespace {

constexpr std::pair<type::v1::Role, rights::Role> kRoles[] = {
    {type::v1::ROLE_ADMIN, rights::Role::kAdmin},
    {type::v1::ROLE_MEMBER, rights::Role::kMember},
    {type::v1::ROLE_VIEWER, rights::Role::kViewer},
    {type::v1::ROLE_GUEST, rights::Role::kGuest},
};

constexpr std::pair<type::v1::OrganizationRole, rights::OrganizationRole> kOrganizationRoles[] = {
    {type::v1::ORGANIZATION_ROLE_OWNER, rights::OrganizationRole::kOwner},
    {type::v1::ORGANIZATION_ROLE_ADMIN, rights::OrganizationRole::kAdmin},
};

constexpr std::pair<type::v1::GuestState, rights::GuestState> kGuestStates[] = {
    {type::v1::GUEST_STATE_ACTIVE, rights::GuestState::kActive},
    {type::v1::GUEST_STATE_SOFT_LOCKED, rights::GuestState::kSoftLocked},
    {type::v1::GUEST_STATE_ENDED, rights::GuestState::kEnded},
};

constexpr std::pair<type::v1::ChannelKind, rights::ChannelKind> kChannelKinds[] = {
    {type::v1::CHANNEL_KIND_PUBLIC, rights::ChannelKind::kPublic},
    {type::v1::CHANNEL_KIND_PRIVATE, rights::ChannelKind::kPrivate},
    {type::v1::CHANNEL_KIND_DIRECT, rights::ChannelKind::kDirect},
};

constexpr std::pair<type::v1::Action, rights::Action> kActions[] = {
    {type::v1::ACTION_READ, rights::Action::kRead},
    {type::v1::ACTION_POST, rights::Action::kPost},
    {type::v1::ACTION_REPLY, rights::Action::kReply},
    {type::v1::ACTION_EDIT_OWN, rights::Action::kEditOwn},
    {type::v1::ACTION_DELETE_OWN, rights::Action::kDeleteOwn},
    {type::v1::ACTION_DELETE_ANY, rights::Action::kDeleteAny},
    {type::v1::ACTION_REACT, rights::Action::kReact},
};

template <typename Wire, typename Value, size_t N>
std::optional<Value> Read(const std::pair<Wire, Value> (&pairs)[N], Wire wire) {
  for (const auto& pair : pairs) {
    if (pair.first == wire) return pair.second;
  }
  return std::nullopt;
}

template <typename Wire, typename Value, size_t N>
Wire Write(const std::pair<Wire, Value> (&pairs)[N], std::optional<Value> value) {
  for (const auto& pair : pairs) {
    if (pair.second == value) return pair.first;
  }
  return static_cast<Wire>(0);
}

}  // namespace

std::optional<rights::Role> FromProto(type::v1::Role role) { return Read(kRoles, role); }

std::optional<rights::OrganizationRole> FromProto(type::v1::OrganizationRole role) {
  return Read(kOrganizationRoles, role);
}

std::optional<rights::GuestState> FromProto(type::v1::GuestState state) { return Read(kGuestStates, state); }

std::optional<rights::ChannelKind> FromProto(type::v1::ChannelKind kind) { return Read(kChannelKinds, kind); }

std::optional<rights::Action> FromProto(type::v1::Action action) { return Read(kActions, action); }

absl::StatusOr<rights::Role> ParseRole(absl::string_view field, type::v1::Role role) {
  if (role == type::v1::ROLE_UNSPECIFIED) {
    return FieldInvalid(field, "is missing: give ROLE_ADMIN, ROLE_MEMBER, ROLE_VIEWER or ROLE_GUEST");
  }
  const std::optional<rights::Role> parsed = FromProto(role);
  if (parsed.has_value()) return *parsed;
  return FieldInvalid(field, "is none of ROLE_ADMIN, ROLE_MEMBER, ROLE_VIEWER and ROLE_GUEST");
}

type::v1::Role ToProto(std::optional<rights::Role> role) { return Write(kRoles, role); }

type::v1::OrganizationRole ToProto(std::optional<rights::OrganizationRole> role) {
  return Write(kOrganizationRoles, role);
}

type::v1::GuestState ToProto(std::optional<rights::GuestState> state) { return Write(kGuestStates, state); }

type::v1::ChannelKind ToProto(std::optional<rights::ChannelKind> kind) { return Write(kChannelKinds, kind); }

type::v1::Action ToProto(std::optional<rights::Action> action) { return Write(kActions, action); }

}  // namespace guestpass::rights_feed
