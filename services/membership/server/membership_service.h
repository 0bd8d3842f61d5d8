// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/rpc/unary.h"
#include "guestpass/membership/v1/membership.grpc.pb.h"
#include "services/membership/server/audit_log.h"
#include "services/membership/server/channel_members.h"
#include "services/membership/server/channels.h"
#include "services/membership/server/check_access.h"
#include "services/membership/server/guest_grants.h"
#include "services/membership/server/members.h"
#include "services/membership/server/organization_members.h"
#include "services/membership/server/organizations.h"
#include "services/membership/server/user_removals.h"
#include "services/membership/server/workspaces.h"

namespace guestpass::membership {

// Every method of MembershipService that blocks: its name, its response, and the resource that has it.
#define GUESTPASS_MEMBERSHIP_METHODS(METHOD)                                                \
  METHOD(CreateOrganization, Organization, organizations_)                                  \
  METHOD(GetOrganization, Organization, organizations_)                                     \
  METHOD(ListOrganizations, ListOrganizationsResponse, organizations_)                      \
  METHOD(UpdateOrganization, Organization, organizations_)                                  \
  METHOD(AddOrganizationMember, OrganizationMember, organization_members_)                  \
  METHOD(RemoveOrganizationMember, RemoveOrganizationMemberResponse, organization_members_) \
  METHOD(ListOrganizationMembers, ListOrganizationMembersResponse, organization_members_)   \
  METHOD(RemoveUserFromOrganization, RemoveUserFromOrganizationResponse, user_removals_)    \
  METHOD(EraseUser, EraseUserResponse, user_removals_)                                      \
  METHOD(CreateWorkspace, Workspace, workspaces_)                                           \
  METHOD(GetWorkspace, Workspace, workspaces_)                                              \
  METHOD(ListWorkspaces, ListWorkspacesResponse, workspaces_)                               \
  METHOD(UpdateWorkspace, Workspace, workspaces_)                                           \
  METHOD(DeleteWorkspace, DeleteWorkspaceResponse, workspaces_)                             \
  METHOD(CreateMember, Member, members_)                                                    \
  METHOD(GetMember, Member, members_)                                                       \
  METHOD(BatchGetMembers, BatchGetMembersResponse, members_)                                \
  METHOD(ListMembers, ListMembersResponse, members_)                                        \
  METHOD(UpdateMember, Member, members_)                                                    \
  METHOD(BatchReassignGuests, BatchReassignGuestsResponse, members_)                        \
  METHOD(DeleteMember, DeleteMemberResponse, members_)                                      \
  METHOD(CreateChannel, Channel, channels_)                                                 \
  METHOD(GetChannel, Channel, channels_)                                                    \
  METHOD(ListChannels, ListChannelsResponse, channels_)                                     \
  METHOD(UpdateChannel, Channel, channels_)                                                 \
  METHOD(ArchiveChannel, Channel, channels_)                                                \
  METHOD(AddChannelMember, ChannelMember, channel_members_)                                 \
  METHOD(RemoveChannelMember, RemoveChannelMemberResponse, channel_members_)                \
  METHOD(ListChannelMembers, ListChannelMembersResponse, channel_members_)                  \
  METHOD(StartDirectConversation, Channel, channel_members_)                                \
  METHOD(AddGuestGrant, GuestGrant, guest_grants_)                                          \
  METHOD(RemoveGuestGrant, RemoveGuestGrantResponse, guest_grants_)                         \
  METHOD(ListGuestGrants, ListGuestGrantsResponse, guest_grants_)                           \
  METHOD(ListAuditEntries, ListAuditEntriesResponse, audit_log_)

// MembershipService: takes each call to the resource that has the method, with the access that the rules say.
// Thread-safe. What is passed in outlives this.
class MembershipService final : public v1::MembershipService::CallbackService {
 public:
  MembershipService(rpc::Runner& runner, MembershipStore& store, Upkeep& upkeep, AccessLanes& access_lanes,
                    const auth::Sealer& pages)
      : runner_(runner),
        access_checks_(access_lanes),
        organizations_(store, pages),
        organization_members_(store, pages),
        user_removals_(store, upkeep),
        workspaces_(store, upkeep, pages),
        members_(store, pages),
        channels_(store, pages),
        channel_members_(store, pages),
        guest_grants_(store, pages),
        audit_log_(store, pages) {}

#define GUESTPASS_METHOD(name, response, resource)                                                       \
  grpc::ServerUnaryReactor* name(grpc::CallbackServerContext* context, const v1::name##Request* request, \
                                 v1::response* answer) override;
  GUESTPASS_MEMBERSHIP_METHODS(GUESTPASS_METHOD)
  GUESTPASS_METHOD(CheckAccess, CheckAccessResponse, access_checks_)
  GUESTPASS_METHOD(BatchCheckAccess, BatchCheckAccessResponse, access_checks_)
#undef GUESTPASS_METHOD

 private:
  rpc::Runner& runner_;
  AccessChecks access_checks_;
  Organizations organizations_;
  OrganizationMembers organization_members_;
  UserRemovals user_removals_;
  Workspaces workspaces_;
  Members members_;
  Channels channels_;
  ChannelMembers channel_members_;
  GuestGrants guest_grants_;
  AuditLog audit_log_;
};

}  // namespace guestpass::membership
