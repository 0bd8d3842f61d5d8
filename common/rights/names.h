// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/rights/ids.h"

// Resource names. Each parser answers FIELD_INVALID naming `field` where the text is no such name, and says
// nothing of whether the thing exists.
namespace guestpass {

// `workspaces/{w}/members/{user}`
struct MemberName {
  WorkspaceId workspace;
  UserId user;
  std::string ToString() const;
  friend bool operator==(const MemberName&, const MemberName&) = default;
};

// `workspaces/{w}/channels/{c}`
struct ChannelName {
  WorkspaceId workspace;
  ChannelId channel;
  std::string ToString() const;
  friend bool operator==(const ChannelName&, const ChannelName&) = default;
};

// `workspaces/{w}/invites/{i}`
struct InviteName {
  WorkspaceId workspace;
  InviteId invite;
  std::string ToString() const;
  friend bool operator==(const InviteName&, const InviteName&) = default;
};

std::string ToName(const OrganizationId& organization);  // `organizations/{o}`
std::string ToName(const WorkspaceId& workspace);        // `workspaces/{w}`

absl::StatusOr<UserId> ParseUserId(absl::string_view field, absl::string_view text);
absl::StatusOr<WorkspaceId> ParseWorkspaceId(absl::string_view field, absl::string_view text);
absl::StatusOr<ChannelId> ParseChannelId(absl::string_view field, absl::string_view text);
absl::StatusOr<InviteId> ParseInviteId(absl::string_view field, absl::string_view text);
absl::StatusOr<OrganizationId> ParseOrganizationName(absl::string_view field, absl::string_view text);
absl::StatusOr<WorkspaceId> ParseWorkspaceName(absl::string_view field, absl::string_view text);
absl::StatusOr<MemberName> ParseMemberName(absl::string_view field, absl::string_view text);
absl::StatusOr<ChannelName> ParseChannelName(absl::string_view field, absl::string_view text);
absl::StatusOr<InviteName> ParseInviteName(absl::string_view field, absl::string_view text);
absl::StatusOr<MemberName> ParseExpirationName(absl::string_view field, absl::string_view text);

}  // namespace guestpass
