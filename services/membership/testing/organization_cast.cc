// SPDX-License-Identifier: Apache-2.0
#include "services/membership/testing/organization_cast.h"

#include "common/rights/names.h"

namespace guestpass::membership {

v1::AddOrganizationMemberRequest OrganizationCast::AddRequest(const std::string& user,
                                                              type::v1::OrganizationRole role) const {
  v1::AddOrganizationMemberRequest request;
  request.set_organization(Name());
  request.set_user(user.empty() ? "malformed" : IdOf(user).ToString());
  request.set_role(role);
  return request;
}

v1::RemoveOrganizationMemberRequest OrganizationCast::RemoveRequest(const std::string& user) const {
  v1::RemoveOrganizationMemberRequest request;
  request.set_organization(Name());
  request.set_user(user.empty() ? "malformed" : IdOf(user).ToString());
  return request;
}

OrganizationCast::Ask OrganizationCast::Adding(const std::string& user, type::v1::OrganizationRole role,
                                               const std::string& organization) {
  v1::AddOrganizationMemberRequest request = AddRequest(user, role);
  if (!organization.empty()) request.set_organization(organization);
  return [=, this](const rpc::Call& call) {
    return here_.organization_members.AddOrganizationMember(call, request).status();
  };
}

OrganizationCast::Ask OrganizationCast::Removing(const std::string& user, const std::string& organization) {
  v1::RemoveOrganizationMemberRequest request = RemoveRequest(user);
  if (!organization.empty()) request.set_organization(organization);
  return [=, this](const rpc::Call& call) {
    return here_.organization_members.RemoveOrganizationMember(call, request).status();
  };
}

OrganizationCast::Ask OrganizationCast::Listing(const std::string& organization) {
  v1::ListOrganizationMembersRequest request;
  request.set_parent(organization.empty() ? Name() : organization);
  return [=, this](const rpc::Call& call) {
    return here_.organization_members.ListOrganizationMembers(call, request).status();
  };
}

std::string OrganizationCast::RoleOf(const std::string& user) {
  const auto role = here_.NewSession()->Run(
      "SELECT role FROM organization_members WHERE organization = $1 AND user_id = $2",
      postgres::Params::Of(here_.organization, IdOf(user)));
  EXPECT_TRUE(role.ok()) << role.status();
  return role->rows() == 0 ? "" : std::string(role->Text(0, 0));
}

WorkspaceId OrganizationCast::AddWorkspace() {
  v1::CreateWorkspaceRequest request;
  request.set_parent(Name());
  request.mutable_workspace()->set_display_name("another");
  const auto made = here_.workspaces.CreateWorkspace(As("owner"), request);
  EXPECT_TRUE(made.ok()) << made.status();
  return *ParseWorkspaceName("name", made->name());
}

ChannelId OrganizationCast::AddPrivateChannel(const WorkspaceId& workspace, const std::string& by) {
  v1::CreateChannelRequest request;
  request.set_parent(ToName(workspace));
  request.mutable_channel()->set_display_name("private");
  request.mutable_channel()->set_kind(type::v1::CHANNEL_KIND_PRIVATE);
  const auto made = here_.channels.CreateChannel(As(by), request);
  EXPECT_TRUE(made.ok()) << made.status();
  return ParseChannelName("name", made->name())->channel;
}

absl::Status OrganizationCast::AddDirect(const WorkspaceId& workspace, const std::string& user,
                                         type::v1::Role role) {
  v1::CreateMemberRequest request;
  request.set_parent(ToName(workspace));
  request.set_user(IdOf(user).ToString());
  request.set_role(role);
  return here_.members.CreateMember(As("owner"), request).status();
}

}  // namespace guestpass::membership
