// SPDX-License-Identifier: Apache-2.0
#include "services/membership/testing/records.h"

#include "gtest/gtest.h"
#include "services/membership/storage/postgres/membership_migrations.h"

namespace guestpass::membership {
namespace {

using postgres::Params;

template <typename IdType>
std::vector<std::string> IdsOf(const std::vector<std::string>& names) {
  std::vector<std::string> ids;
  for (const std::string& name : names) ids.push_back(Named<IdType>(name).ToString());
  return ids;
}

}  // namespace

Records::Records()
    : database(MembershipMigrations()),
      pool(database.options()),
      session_(*postgres::Session::Connect({.conninfo = database.conninfo()})) {
  for (const std::string name : {"org", "other"}) {
    Run("INSERT INTO organizations VALUES ($1, 7, $2, now_us())",
        Params::Of(Named<OrganizationId>(name), name));
  }
  AddWorkspace("team", "org");
  AddWorkspace("elsewhere", "other");
}

postgres::Result Records::Run(absl::string_view sql, const Params& params) {
  absl::StatusOr<postgres::Result> result = session_->Run(sql, params);
  EXPECT_TRUE(result.ok()) << result.status() << " of " << sql;
  return *std::move(result);
}

void Records::AddWorkspace(const std::string& name, const std::string& organization) {
  Run("INSERT INTO workspaces (id, organization, shard, display_name, grace_us, create_us) "
      "VALUES ($1, $2, 7, $3, 86400000000, now_us())",
      Params::Of(Named<WorkspaceId>(name), Named<OrganizationId>(organization), name));
}

void Records::DeleteWorkspace(const std::string& name) {
  Run("UPDATE workspaces SET deleted = true WHERE id = $1", Params::Of(Named<WorkspaceId>(name)));
}

void Records::SetOrganizationRole(const std::string& user, const std::string& role,
                                  const std::string& organization) {
  Run("INSERT INTO organization_members VALUES ($1, $2, $3)",
      Params::Of(Named<OrganizationId>(organization), User(user), role));
}

void Records::AddChannel(const std::string& name, const std::string& kind, const std::string& workspace) {
  Run("INSERT INTO channels (id, workspace, kind, display_name, create_us) VALUES ($1, $2, $3, $4, now_us())",
      Params::Of(Named<ChannelId>(name), Named<WorkspaceId>(workspace), kind, name));
}

void Records::AddParticipants(const std::string& channel, const std::vector<std::string>& users) {
  Run("INSERT INTO participants SELECT id, unnest($2::text[]), workspace FROM channels WHERE id = $1",
      Params::Of(Named<ChannelId>(channel), IdsOf<UserId>(users)));
}

void Records::AddMember(const std::string& user, const std::string& role, const std::string& workspace) {
  Run("INSERT INTO members (workspace, user_id, shard, role, address, recorded_state, grants, create_us) "
      "VALUES ($1, $2, 7, $3, $4, 'ACTIVE', '{}', now_us())",
      Params::Of(Named<WorkspaceId>(workspace), User(user), role, user + "@example.com"));
}

void Records::AddGuest(const std::string& user, const std::vector<std::string>& grants,
                       const std::string& sponsor) {
  Run("INSERT INTO members (workspace, user_id, shard, role, address, recorded_state, grants, sponsor, "
      "create_us) "
      "VALUES ($1, $2, 7, 'GUEST', $3, 'ACTIVE', $4::text[], $5, now_us())",
      Params::Of(Named<WorkspaceId>("team"), User(user), user + "@example.com", IdsOf<ChannelId>(grants),
                 sponsor.empty() ? UserId() : User(sponsor)));
}

void Records::SetTimes(const std::string& guest, absl::Duration expire, absl::Duration access_end) {
  Run("UPDATE members SET expire_us = now_us() + $2::bigint, access_end_us = now_us() + $3::bigint "
      "WHERE user_id = $1 AND role = 'GUEST'",
      Params::Of(User(guest), expire, access_end));
}

Viewing Records::TeamAs(const std::string& user) {
  return {.workspace = Named<WorkspaceId>("team"), .user = User(user)};
}

void Records::ReadAs(const std::string& user, const Body& body) { Read(TeamAs(user), body); }

void Records::ReadAsOperator(const Body& body) {
  Viewing viewing = TeamAs("operator");
  viewing.everything = true;
  Read(viewing, body);
}

void Records::Read(const Viewing& viewing, const Body& body) {
  const absl::Status status = store.Read(viewing, [&](MembershipReads& reads, const View& view) {
    body(reads, view);
    return absl::OkStatus();
  });
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace guestpass::membership
