// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/rights/names.h"
#include "common/rpc/proto_time.h"
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "services/membership/testing/cast.h"
#include "services/membership/testing/log_cache.h"

// What every mutation of the API writes into the rights log: as many entries as it changes objects, and all
// that a cache needs to be what the database is.
namespace guestpass::membership {
namespace {

// What the API has beside these changes something.
const std::set<std::string>& Reads() {
  static const auto& reads =
      *new std::set<std::string>{"GetOrganization",    "ListOrganizations", "ListOrganizationMembers",
                                 "GetWorkspace",       "ListWorkspaces",    "GetMember",
                                 "BatchGetMembers",    "ListMembers",       "GetChannel",
                                 "ListChannels",       "CheckAccess",       "BatchCheckAccess",
                                 "ListChannelMembers", "ListGuestGrants",   "ListAuditEntries",
                                 "CheckInvite",        "BatchCheckInvites", "BatchGetRights",
                                 "GetRightsHeads",     "ListRightsChanges", "NextDeadline"};
  return reads;
}

std::set<std::string> MethodsOf(const std::string& service) {
  const auto* descriptor = google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(service);
  std::set<std::string> methods;
  for (int i = 0; descriptor != nullptr && i < descriptor->method_count(); ++i) {
    methods.insert(descriptor->method(i)->name());
  }
  return methods;
}

std::string KindsOf(const std::vector<rights::Object>& objects) {
  return absl::StrJoin(objects, " ", [](std::string* out, const rights::Object& object) {
    absl::StrAppend(out, rights::KindOf(object));
  });
}

class EntriesTest : public Cast {
 protected:
  // Makes the call as `name`; it must succeed and write entries of these kinds, in this order.
  template <typename Handler, typename Request, typename Response>
  Response Expect(const std::string& kinds, const std::string& name, Handler& handler,
                  absl::StatusOr<Response> (Handler::*method)(const rpc::Call&, const Request&),
                  const Request& request) {
    return Expect(kinds, As(name), handler, method, request);
  }
  template <typename Handler, typename Request, typename Response>
  Response Expect(const std::string& kinds, rpc::Call call, Handler& handler,
                  absl::StatusOr<Response> (Handler::*method)(const rpc::Call&, const Request&),
                  const Request& request) {
    const std::string called = request.GetDescriptor()->name();
    walked_.insert(called.substr(0, called.size() - std::string("Request").size()));
    call.deadline = absl::InfiniteFuture();
    const absl::StatusOr<Response> response = (handler.*method)(call, request);
    EXPECT_TRUE(response.ok()) << called << ": " << response.status();
    EXPECT_EQ(KindsOf(cache_.Follow()), kinds) << called << " " << request.ShortDebugString();
    EXPECT_EQ(cache_.Compare(), "") << called;
    return response.ok() ? *response : Response();
  }

  void WalkOrganization();
  void WalkWorkspaces();
  void WalkMembers();
  void WalkGuests();
  void WalkTimes();
  void WalkChannels();
  void WalkRemovals();

  WorkspaceId NewWorkspace(const std::string& by);
  guestpass::ChannelName NewPrivateChannel(const std::string& by);
  std::string MemberName(const std::string& name) const { return here_.MemberName(name); }
  std::string PublicChannel() const { return ChannelName(here_.public_channel); }
  std::string Text(const std::string& name) const { return IdOf(name).ToString(); }

  LogCache cache_{here_, [] {
                    std::vector<UserId> users;
                    for (const std::string& name : Everybody()) users.push_back(IdOf(name));
                    for (const char* name : {"ann", "ben", "cat"}) users.push_back(IdOf(name));
                    return users;
                  }()};
  std::set<std::string> walked_;
};

WorkspaceId EntriesTest::NewWorkspace(const std::string& by) {
  v1::CreateWorkspaceRequest request;
  request.set_parent(ToName(here_.organization));
  request.mutable_workspace()->set_display_name("Another");
  const auto made = Expect("WORKSPACE MEMBER", by, here_.workspaces, &Workspaces::CreateWorkspace, request);
  const WorkspaceId workspace = *ParseWorkspaceName("name", made.name());
  cache_.Watch(workspace);
  return workspace;
}

guestpass::ChannelName EntriesTest::NewPrivateChannel(const std::string& by) {
  v1::CreateChannelRequest request;
  request.set_parent(ToName(here_.workspace));
  request.mutable_channel()->set_display_name("private");
  request.mutable_channel()->set_kind(type::v1::CHANNEL_KIND_PRIVATE);
  const auto made = Expect("CHANNEL PARTICIPANT", by, here_.channels, &Channels::CreateChannel, request);
  const auto name = *ParseChannelName("name", made.name());
  cache_.Watch(name.channel);
  return name;
}

// Four workspaces and more: a role's change is one entry all the same.
void EntriesTest::WalkOrganization() {
  v1::CreateOrganizationRequest create;
  create.mutable_organization()->set_display_name("Other");
  create.set_owner(Text("ann"));
  Expect("ORG_MEMBER", "operator", here_.organizations, &Organizations::CreateOrganization, create);
  v1::UpdateOrganizationRequest update;
  update.mutable_organization()->set_name(ToName(here_.organization));
  update.mutable_organization()->set_display_name("Renamed");
  Expect("", "owner", here_.organizations, &Organizations::UpdateOrganization, update);
  for (int i = 0; i < 3; ++i) NewWorkspace("orgadmin");
  v1::AddOrganizationMemberRequest add;
  add.set_organization(ToName(here_.organization));
  add.set_user(Text("ann"));
  const auto put = [&](type::v1::OrganizationRole role, const std::string& kinds) {
    add.set_role(role);
    Expect(kinds, "owner", here_.organization_members, &OrganizationMembers::AddOrganizationMember, add);
  };
  put(type::v1::ORGANIZATION_ROLE_OWNER, "ORG_MEMBER");
  put(type::v1::ORGANIZATION_ROLE_ADMIN, "ORG_MEMBER");
  put(type::v1::ORGANIZATION_ROLE_ADMIN, "");
  for (int i = 0; i < 2; ++i) NewPrivateChannel("ann");
  v1::RemoveOrganizationMemberRequest remove;
  remove.set_organization(ToName(here_.organization));
  remove.set_user(Text("ann"));
  Expect("ORG_MEMBER PARTICIPANT PARTICIPANT", "owner", here_.organization_members,
         &OrganizationMembers::RemoveOrganizationMember, remove);
}

void EntriesTest::WalkWorkspaces() {
  v1::UpdateWorkspaceRequest update;
  update.mutable_workspace()->set_name(ToName(here_.workspace));
  update.mutable_workspace()->set_display_name("Renamed");
  update.mutable_workspace()->set_guest_cap(100);
  *update.mutable_workspace()->mutable_maximum_guest_lifetime() = rpc::ToProto(absl::Hours(48));
  Expect("WORKSPACE", "admin", here_.workspaces, &Workspaces::UpdateWorkspace, update);
  v1::DeleteWorkspaceRequest remove;
  remove.set_name(ToName(NewWorkspace("owner")));
  Expect("WORKSPACE", "owner", here_.workspaces, &Workspaces::DeleteWorkspace, remove);
  Expect("", "owner", here_.workspaces, &Workspaces::DeleteWorkspace, remove);
}

void EntriesTest::WalkChannels() {
  v1::CreateChannelRequest create;
  create.set_parent(ToName(here_.workspace));
  create.mutable_channel()->set_display_name("public");
  create.mutable_channel()->set_kind(type::v1::CHANNEL_KIND_PUBLIC);
  const auto made = Expect("CHANNEL", "admin", here_.channels, &Channels::CreateChannel, create);
  cache_.Watch(ParseChannelName("name", made.name())->channel);
  const std::string name = NewPrivateChannel("admin").ToString();
  v1::UpdateChannelRequest update;
  update.mutable_channel()->set_name(name);
  update.mutable_channel()->set_display_name("renamed");
  Expect("CHANNEL", "admin", here_.channels, &Channels::UpdateChannel, update);
  v1::AddChannelMemberRequest add;
  add.set_channel(name);
  add.set_user(Text("member"));
  Expect("PARTICIPANT", "admin", here_.channel_members, &ChannelMembers::AddChannelMember, add);
  Expect("", "admin", here_.channel_members, &ChannelMembers::AddChannelMember, add);
  v1::RemoveChannelMemberRequest leave;
  leave.set_channel(name);
  leave.set_user(Text("member"));
  Expect("PARTICIPANT", "member", here_.channel_members, &ChannelMembers::RemoveChannelMember, leave);
  v1::ArchiveChannelRequest archive;
  archive.set_name(name);
  Expect("CHANNEL", "admin", here_.channels, &Channels::ArchiveChannel, archive);
  Expect("", "admin", here_.channels, &Channels::ArchiveChannel, archive);
  v1::StartDirectConversationRequest start;
  start.set_parent(ToName(here_.workspace));
  start.add_users(Text("viewer"));
  start.add_users(Text("guest"));
  const auto direct = Expect("CHANNEL PARTICIPANT PARTICIPANT PARTICIPANT", "member", here_.channel_members,
                             &ChannelMembers::StartDirectConversation, start);
  cache_.Watch(ParseChannelName("name", direct.name())->channel);
  Expect("", "member", here_.channel_members, &ChannelMembers::StartDirectConversation, start);
}

void EntriesTest::WalkMembers() {
  v1::CreateMemberRequest create;
  create.set_parent(ToName(here_.workspace));
  create.set_user(Text("ben"));
  create.set_role(type::v1::ROLE_MEMBER);
  Expect("MEMBER", "admin", here_.members, &Members::CreateMember, create);
  rights::v1::SetMemberEmailRequest email;
  email.set_workspace(here_.workspace.ToString());
  Expect("", Installation::AsService("invite", "ben"), here_.rights, &RightsService::SetMemberEmail, email);
  v1::UpdateMemberRequest update;
  update.mutable_member()->set_name(MemberName("ben"));
  update.mutable_member()->set_role(type::v1::ROLE_ADMIN);
  Expect("MEMBER", "admin", here_.members, &Members::UpdateMember, update);
  Expect("", "admin", here_.members, &Members::UpdateMember, update);
  NewPrivateChannel("ben");
  update.mutable_member()->set_role(type::v1::ROLE_GUEST);
  update.mutable_guest()->add_channels(PublicChannel());
  Expect("MEMBER PARTICIPANT", "admin", here_.members, &Members::UpdateMember, update);
  v1::BatchReassignGuestsRequest reassign;
  reassign.set_parent(ToName(here_.workspace));
  reassign.add_users(Text("ben"));
  reassign.add_users(Text("guest"));
  reassign.set_sponsor(Text("member"));
  Expect("MEMBER MEMBER", "admin", here_.members, &Members::BatchReassignGuests, reassign);
}

void EntriesTest::WalkGuests() {
  const auto invite = here_.InviteBy("owner", "cat");
  Expect("MEMBER", Installation::AsService("invite", "cat"), here_.rights, &RightsService::JoinMember,
         invite);
  Expect("", Installation::AsService("invite", "cat"), here_.rights, &RightsService::JoinMember, invite);
  rights::v1::BatchJoinMembersRequest crowd;
  for (const std::string name : {"dan", "cat", "eve"}) {
    auto& joining = *crowd.add_joinings();
    joining.set_user_authorization("Bearer " + here_.TokenOf(name));
    *joining.mutable_request() = here_.InviteBy("owner", "crowd " + name);
  }
  Expect("MEMBER MEMBER", Installation::AsService("invite"), here_.rights, &RightsService::BatchJoinMembers,
         crowd);
  rights::v1::ResolveJoinRequest resolve;
  resolve.set_join_key("another");
  Expect("", Installation::AsService("invite"), here_.rights, &RightsService::ResolveJoin, resolve);
  v1::AddGuestGrantRequest grant;
  grant.set_name(MemberName("cat"));
  grant.set_channel(ChannelName(here_.private_channel));
  Expect("MEMBER", "admin", here_.guest_grants, &GuestGrants::AddGuestGrant, grant);
  Expect("", "admin", here_.guest_grants, &GuestGrants::AddGuestGrant, grant);
  v1::RemoveGuestGrantRequest take;
  take.set_name(MemberName("cat"));
  take.set_channel(PublicChannel());
  Expect("MEMBER", "admin", here_.guest_grants, &GuestGrants::RemoveGuestGrant, take);
}

// Both of a guest's deadlines pass before anybody records them: one entry, with where it stands then.
void EntriesTest::WalkTimes() {
  rights::v1::ApplyDueExpirationsRequest apply;
  apply.set_limit(10);
  const auto expiry = Installation::AsService("guest-expiry");
  Expect("MEMBER", expiry, here_.rights, &RightsService::ApplyDueExpirations, apply);  // of "ended"
  v1::UpdateWorkspaceRequest update;
  update.mutable_workspace()->set_name(ToName(here_.workspace));
  *update.mutable_workspace()->mutable_guest_grace() = rpc::ToProto(absl::Microseconds(1));
  Expect("WORKSPACE", "admin", here_.workspaces, &Workspaces::UpdateWorkspace, update);
  rights::v1::SetGuestExpirationRequest set;
  set.set_workspace(here_.workspace.ToString());
  set.set_user(Text("cat"));
  *set.mutable_ttl() = rpc::ToProto(absl::Microseconds(1));
  Expect("MEMBER", Installation::AsService("guest-expiry", "admin"), here_.rights,
         &RightsService::SetGuestExpiration, set);
  Expect("MEMBER", expiry, here_.rights, &RightsService::ApplyDueExpirations, apply);
  Expect("", expiry, here_.rights, &RightsService::ApplyDueExpirations, apply);
}

void EntriesTest::WalkRemovals() {
  v1::EraseUserRequest erase;
  erase.set_user(Text("guest"));
  Expect("", "operator", here_.user_removals, &UserRemovals::EraseUser, erase);
  v1::DeleteMemberRequest leave;
  leave.set_name(MemberName("guest"));
  Expect("MEMBER PARTICIPANT", "guest", here_.members, &Members::DeleteMember, leave);
  v1::CreateMemberRequest create;
  create.set_parent(ToName(NewWorkspace("owner")));
  create.set_user(Text("orgadmin"));
  create.set_role(type::v1::ROLE_VIEWER);
  Expect("MEMBER", "owner", here_.members, &Members::CreateMember, create);
  create.set_parent(ToName(here_.workspace));
  Expect("MEMBER", "owner", here_.members, &Members::CreateMember, create);
  v1::RemoveUserFromOrganizationRequest remove;
  remove.set_organization(ToName(here_.organization));
  remove.set_user(Text("orgadmin"));
  const auto removed = Expect("ORG_MEMBER MEMBER MEMBER", "owner", here_.user_removals,
                              &UserRemovals::RemoveUserFromOrganization, remove);
  EXPECT_EQ(removed.removed(), 2);
  EXPECT_EQ(removed.blocked_size(), 3) << "the workspaces that it made, and is the only admin of";
}

TEST_F(EntriesTest, EveryMutationWritesWhatItChangesAndNothingElse) {
  WalkOrganization();
  WalkWorkspaces();
  WalkChannels();
  WalkMembers();
  WalkGuests();
  WalkTimes();
  WalkRemovals();
  std::set<std::string> mutations = MethodsOf("guestpass.membership.v1.MembershipService");
  mutations.merge(MethodsOf("guestpass.rights.v1.RightsService"));
  EXPECT_GT(mutations.size(), Reads().size());
  for (const std::string& read : Reads()) EXPECT_EQ(mutations.erase(read), 1u) << read << " is no method";
  EXPECT_EQ(walked_, mutations) << "each method that is no read has its place in this walk";
}

TEST_F(EntriesTest, ACacheThatMissesAnEntryIsFoundOut) {
  here_.NewSession()->Script("UPDATE members SET role = 'VIEWER' WHERE role = 'MEMBER'").IgnoreError();
  EXPECT_NE(cache_.Compare(), "");
}

}  // namespace
}  // namespace guestpass::membership
