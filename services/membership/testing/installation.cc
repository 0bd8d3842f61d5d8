// SPDX-License-Identifier: Apache-2.0
#include "services/membership/testing/installation.h"

#include <thread>

#include "absl/strings/str_cat.h"
#include "common/auth/random.h"
#include "common/rights/names.h"
#include "common/rpc/proto_time.h"
#include "gtest/gtest.h"
#include "services/membership/storage/postgres/membership_migrations.h"

namespace guestpass::membership {
namespace {

template <typename T>
T Must(absl::StatusOr<T> value) {
  EXPECT_TRUE(value.ok()) << value.status();
  return *std::move(value);
}

void Must(const absl::Status& status) { EXPECT_TRUE(status.ok()) << status; }

v1::CreateChannelRequest NewChannel(const WorkspaceId& workspace, type::v1::ChannelKind kind) {
  v1::CreateChannelRequest request;
  request.set_parent(ToName(workspace));
  request.mutable_channel()->set_display_name("channel");
  request.mutable_channel()->set_kind(kind);
  return request;
}

}  // namespace

void Recorder::OnCommit(const CommittedEntries& committed) {
  absl::MutexLock lock(&mutex_);
  commits_.push_back(committed);
}

std::vector<CommittedEntries> Recorder::commits() const {
  absl::MutexLock lock(&mutex_);
  return commits_;
}

Installation::Installation(absl::Duration grace)
    : database(MembershipMigrations()),
      pool(database.options(/*size=*/60)),
      quick_pool(database.options(/*size=*/4)) {
  v1::CreateOrganizationRequest new_organization;
  new_organization.mutable_organization()->set_display_name("Organization");
  new_organization.set_owner(IdOf("owner").ToString());
  const auto made = Must(organizations.CreateOrganization(AsOperator(), new_organization));
  organization = *ParseOrganizationName("name", made.name());
  Must(NewSession()
           ->Run("INSERT INTO organization_members VALUES ($1, $2, 'ADMIN')",
                 postgres::Params::Of(organization, IdOf("orgadmin")))
           .status());
  v1::CreateWorkspaceRequest new_workspace;
  new_workspace.set_parent(made.name());
  new_workspace.mutable_workspace()->set_display_name("Workspace");
  *new_workspace.mutable_workspace()->mutable_guest_grace() = rpc::ToProto(grace);
  workspace =
      *ParseWorkspaceName("name", Must(workspaces.CreateWorkspace(As("owner"), new_workspace)).name());
  const auto make_channel = [&](type::v1::ChannelKind kind) {
    const auto channel = Must(channels.CreateChannel(As("owner"), NewChannel(workspace, kind)));
    return ParseChannelName("name", channel.name())->channel;
  };
  public_channel = make_channel(type::v1::CHANNEL_KIND_PUBLIC);
  private_channel = make_channel(type::v1::CHANNEL_KIND_PRIVATE);
}

UserId Installation::IdOf(const std::string& name) { return auth::UserIdOf(auth::kDevelopmentIssuer, name); }

rpc::Call Installation::As(const std::string& name) {
  rpc::Call call{.request_id = "request", .deadline = absl::InfiniteFuture()};
  call.caller.user = auth::Identity{
      .user = IdOf(name), .subject = name, .email = name + "@example.com", .email_verified = true};
  return call;
}

rpc::Call Installation::AsOperator() {
  rpc::Call call = As("operator");
  call.caller.is_operator = true;
  return call;
}

rpc::Call Installation::AsService(const std::string& service, const std::string& user) {
  rpc::Call call =
      user.empty() ? rpc::Call{.request_id = "request", .deadline = absl::InfiniteFuture()} : As(user);
  call.caller.service = service;
  return call;
}

std::string Installation::TokenOf(const std::string& name, bool is_operator) const {
  const absl::Time now = SystemClock().Now();
  return issuer.Mint({.subject = name,
                      .email = name + "@example.com",
                      .email_verified = true,
                      .is_operator = is_operator,
                      .issue_time = now,
                      .expire_time = now + absl::Hours(1)});
}

std::string Installation::MemberName(const std::string& name) const {
  return guestpass::MemberName{workspace, IdOf(name)}.ToString();
}

std::string Installation::ChannelName(const ChannelId& channel) const {
  return guestpass::ChannelName{workspace, channel}.ToString();
}

rights::v1::JoinMemberRequest Installation::InviteBy(const std::string& inviter, const std::string& key) {
  const auto read = Must(store.ReadRights({{.workspace = workspace, .user = IdOf(inviter)}}));
  rights::v1::JoinMemberRequest request;
  request.set_join_key(key);
  request.set_workspace(workspace.ToString());
  request.set_invite(auth::NewId<InviteId>().ToString());
  request.set_inviter(IdOf(inviter).ToString());
  request.set_rights_n(read.members[0].n);
  *request.mutable_check_time() = rpc::ToProto(read.now);
  request.set_role(type::v1::ROLE_GUEST);
  request.add_channels(public_channel.ToString());
  return request;
}

void Installation::AddMember(const std::string& name, type::v1::Role role) {
  auto invite = InviteBy("owner", absl::StrCat("add-", auth::NewSecret()));
  invite.set_role(role);
  if (role != type::v1::ROLE_GUEST) invite.clear_channels();
  Must(rights.JoinMember(AsService("invite", name), invite));
}

absl::Status Installation::Remove(const std::string& by, const std::string& name) {
  v1::DeleteMemberRequest request;
  request.set_name(MemberName(name));
  return members.DeleteMember(As(by), request).status();
}

absl::Status Installation::SetTtl(const std::string& name, absl::Duration ttl) {
  rights::v1::SetGuestExpirationRequest request;
  request.set_workspace(workspace.ToString());
  request.set_user(IdOf(name).ToString());
  *request.mutable_ttl() = rpc::ToProto(ttl);
  return rights.SetGuestExpiration(AsService("guest-expiry", "owner"), request).status();
}

rights::MemberState Installation::StateOf(const std::string& name) {
  return Must(store.ReadRights({{.workspace = workspace, .user = IdOf(name)}})).members[0].member;
}

int64_t Installation::Count(const std::string& sql) { return Must(NewSession()->Run(sql)).Int64(0, 0); }

std::unique_ptr<postgres::Session> Installation::NewSession() const {
  return Must(postgres::Session::Connect({.conninfo = database.conninfo()}));
}

void Installation::AwaitWaiters(int64_t count) {
  const auto session = NewSession();
  const char kWaiting[] =
      "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  while (Must(session->Run(kWaiting)).Int64(0, 0) < count) std::this_thread::yield();
}

}  // namespace guestpass::membership
