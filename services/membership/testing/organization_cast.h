// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "services/membership/testing/cast.h"

namespace guestpass::membership {

// A Cast, with what tests of its organization ask for.
class OrganizationCast : public Cast {
 protected:
  static constexpr auto kNone = type::v1::ORGANIZATION_ROLE_UNSPECIFIED;
  static constexpr auto kOwner = type::v1::ORGANIZATION_ROLE_OWNER;
  static constexpr auto kAdmin = type::v1::ORGANIZATION_ROLE_ADMIN;

  using Ask = std::function<absl::Status(const rpc::Call&)>;

  std::string Name() const { return ToName(here_.organization); }

  // Requests about a user of these names; "" is a malformed user, and another organization's name can be
  // given.
  v1::AddOrganizationMemberRequest AddRequest(const std::string& user, type::v1::OrganizationRole role) const;
  v1::RemoveOrganizationMemberRequest RemoveRequest(const std::string& user) const;
  Ask Adding(const std::string& user, type::v1::OrganizationRole role, const std::string& organization = "");
  Ask Removing(const std::string& user, const std::string& organization = "");
  Ask Listing(const std::string& organization = "");
  absl::Status Add(const std::string& by, const std::string& user, type::v1::OrganizationRole role) {
    return Adding(user, role)(As(by));
  }
  absl::Status Remove(const std::string& by, const std::string& user) { return Removing(user)(As(by)); }

  // "OWNER", "ADMIN" or "".
  std::string RoleOf(const std::string& user);

  // Another workspace of the organization, whose direct ADMIN is "owner"; a channel in one, in which its
  // maker takes part; a direct member.
  WorkspaceId AddWorkspace();
  ChannelId AddPrivateChannel(const WorkspaceId& workspace, const std::string& by);
  absl::Status AddDirect(const WorkspaceId& workspace, const std::string& user,
                         type::v1::Role role = type::v1::ROLE_MEMBER);

  const std::string nowhere_ = "organizations/" + std::string(26, 'z');
};

}  // namespace guestpass::membership
