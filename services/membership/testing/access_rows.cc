// SPDX-License-Identifier: Apache-2.0
#include "services/membership/testing/access_rows.h"

#include <utility>

#include "common/auth/random.h"
#include "gtest/gtest.h"
#include "services/membership/storage/postgres/membership_migrations.h"

namespace guestpass::membership {
namespace {

using postgres::Params;

template <typename T>
T Must(absl::StatusOr<T> value) {
  EXPECT_TRUE(value.ok()) << value.status();
  return *std::move(value);
}

template <typename IdType>
IdType IdOf(const std::string& name) {
  return *IdType::Parse(auth::UserIdOf("issuer", name).text());
}

}  // namespace

AccessRows::AccessRows() : database_(MembershipMigrations()) {}

UserId AccessRows::User(const std::string& name) { return IdOf<UserId>(name); }
ChannelId AccessRows::Channel(const std::string& name) { return IdOf<ChannelId>(name); }
WorkspaceId AccessRows::Workspace(const std::string& name) { return IdOf<WorkspaceId>(name); }
OrganizationId AccessRows::Organization(const std::string& name) { return IdOf<OrganizationId>(name); }

void AccessRows::AddWorkspace(const std::string& name, const std::string& organization, int shard) {
  Run("INSERT INTO organizations (id, shard, display_name, create_us) VALUES ($1, $2::bigint, 'O', 0) "
      "ON CONFLICT DO NOTHING",
      Params::Of(Organization(organization), shard));
  Run("INSERT INTO workspaces (id, organization, shard, display_name, grace_us, create_us) "
      "VALUES ($1, $2, $3::bigint, 'W', 0, 0)",
      Params::Of(Workspace(name), Organization(organization), shard));
}

void AccessRows::AddOrganizationMember(const std::string& organization, const std::string& user,
                                       const std::string& role) {
  Run("INSERT INTO organization_members (organization, user_id, role) VALUES ($1, $2, $3)",
      Params::Of(Organization(organization), User(user), role));
}

void AccessRows::AddChannel(const std::string& workspace, const std::string& name, const std::string& kind) {
  Run("INSERT INTO channels (id, workspace, kind, display_name, create_us) VALUES ($1, $2, $3, 'C', 0)",
      Params::Of(Channel(name), Workspace(workspace), kind));
}

void AccessRows::AddMember(const std::string& workspace, const std::string& user, const std::string& role) {
  Run("INSERT INTO members (workspace, user_id, shard, role, recorded_state, grants, create_us) "
      "SELECT id, $2, shard, $3, 'ACTIVE', '{}', 0 FROM workspaces WHERE id = $1",
      Params::Of(Workspace(workspace), User(user), role));
}

void AccessRows::AddGuest(const std::string& workspace, const std::string& user, const std::string& granted,
                          absl::Time expire_time) {
  Run("INSERT INTO members (workspace, user_id, shard, role, expire_us, access_end_us, recorded_state, "
      "                     grants, create_us) "
      "SELECT id, $2, shard, 'GUEST', $4::bigint, $5::bigint, 'ACTIVE', $3::text[], 0 "
      "FROM workspaces WHERE id = $1",
      Params::Of(Workspace(workspace), User(user), std::vector<ChannelId>{Channel(granted)}, expire_time,
                 expire_time + absl::Hours(24)));
}

void AccessRows::AddParticipant(const std::string& channel, const std::string& user) {
  Run("INSERT INTO participants (channel, user_id, workspace) SELECT id, $2, workspace FROM channels WHERE "
      "id = $1",
      Params::Of(Channel(channel), User(user)));
}

postgres::Result AccessRows::Run(absl::string_view sql, const Params& params) {
  return Must(session_->Run(sql, params));
}

absl::Time AccessRows::Now() { return Run("SELECT now_us()").Time(0, 0); }

std::unique_ptr<postgres::Session> AccessRows::NewSession() const {
  return Must(postgres::Session::Connect({.conninfo = database_.conninfo()}));
}

}  // namespace guestpass::membership
