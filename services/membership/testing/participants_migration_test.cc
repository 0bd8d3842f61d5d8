// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "common/postgres/migrations.h"
#include "gtest/gtest.h"
#include "services/membership/storage/postgres/membership_migrations.h"
#include "tests/harness/servers/test_database.h"

namespace guestpass::membership {
namespace {

// In an organization with two workspaces: a member, a guest, and someone who is here by a role alone; each
// takes part in a PRIVATE channel (p) and in a conversation (d) of the first, and the member also in a
// channel of the second (q), where it is none.
constexpr char kBefore[] = R"sql(
  INSERT INTO organizations VALUES ('o', 0, 'Organization', 0);
  INSERT INTO workspaces (id, organization, shard, display_name, grace_us, create_us)
    VALUES ('w', 'o', 0, 'Workspace', 0, 0), ('x', 'o', 0, 'Another', 0, 0);
  INSERT INTO channels (id, workspace, kind, display_name, create_us)
    VALUES ('p', 'w', 'PRIVATE', 'Private', 0), ('d', 'w', 'DIRECT', '', 0), ('q', 'x', 'PRIVATE', 'Private', 0);
  INSERT INTO members (workspace, user_id, shard, role, recorded_state, grants, create_us)
    VALUES ('w', 'member', 0, 'MEMBER', 'ACTIVE', '{}', 0), ('w', 'guest', 0, 'GUEST', 'ACTIVE', '{p}', 0);
  INSERT INTO participants
    SELECT c, u FROM unnest('{p,d}'::text[]) c, unnest('{member,guest,role}'::text[]) u UNION ALL SELECT 'q', 'member';
)sql";

constexpr char kAfter[] = R"sql(
  SELECT string_agg(concat_ws('/', channel, user_id, workspace, organization), ' ' ORDER BY user_id, channel)
  FROM participants
)sql";

TEST(ParticipantsMigrationTest, PartsThatThereAreGetTheirWorkspaceAndTheOrganizationThatAloneGivesThem) {
  std::vector<postgres::Migration> all = MembershipMigrations();
  all.resize(4);
  const harness::TestDatabase database({all.begin(), all.begin() + 3});
  const auto session = *postgres::Session::Connect({.conninfo = database.conninfo()});
  ASSERT_TRUE(session->Script(kBefore).ok());
  const auto applied = postgres::Migrations("membership", all).Up(*session);
  ASSERT_TRUE(applied.ok()) << applied.status();
  EXPECT_EQ(*applied, std::vector<int>{4});
  EXPECT_EQ(session->Run(kAfter)->Text(0, 0),
            "d/guest/w p/guest/w/o d/member/w p/member/w q/member/x/o d/role/w/o p/role/w/o");
}

}  // namespace
}  // namespace guestpass::membership
