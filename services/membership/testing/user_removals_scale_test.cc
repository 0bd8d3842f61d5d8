// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "services/membership/testing/organization_cast.h"

namespace guestpass::membership {
namespace {

// Workspaces of the organization $0, with the user $3, whose role is $4, and with the admin $5 where there is
// one. $1 is the letter that their ids begin with, $2 how many they are.
constexpr char kWorkspaces[] = R"sql(
  CREATE TEMP TABLE made AS
    SELECT rpad('$1' || translate(i::text, '0189', 'abef'), 26, 'x') AS id, shard
    FROM generate_series(1, $2) i, organizations WHERE organizations.id = '$0';
  INSERT INTO workspaces (id, organization, shard, display_name, grace_us, create_us)
    SELECT id, '$0', shard, 'workspace', 0, 0 FROM made;
  INSERT INTO members (workspace, user_id, shard, role, address, recorded_state, grants, create_us)
    SELECT id, user_id, shard, role, user_id || '@example.com', 'ACTIVE', '{}', 0
    FROM made, (VALUES ('$3', '$4'), ('$5', 'ADMIN')) AS m (user_id, role) WHERE user_id <> '';
)sql";

class UserRemovalsScaleTest : public OrganizationCast {
 protected:
  static constexpr int kMany = 10'000;

  void AddWorkspaces(const std::string& letter, int count, const std::string& role,
                     const std::string& admin) {
    const absl::Status status = here_.NewSession()->Script(
        absl::Substitute(kWorkspaces, here_.organization.text(), letter, count, IdOf("ann").text(), role,
                         admin.empty() ? "" : IdOf(admin).ToString()));
    ASSERT_TRUE(status.ok()) << status;
  }
  int64_t Records() {
    return here_.Count(
        absl::StrCat("SELECT count(*) FROM members WHERE user_id = '", IdOf("ann").text(), "'"));
  }
  v1::RemoveUserFromOrganizationResponse RemoveWithin(absl::Duration time, bool validate_only = false) {
    v1::RemoveUserFromOrganizationRequest request;
    request.set_organization(Name());
    request.set_user(IdOf("ann").ToString());
    request.set_validate_only(validate_only);
    rpc::Call call = As("owner");
    call.deadline = absl::Now() + time;
    const auto response = here_.user_removals.RemoveUserFromOrganization(call, request);
    EXPECT_TRUE(response.ok()) << response.status();
    return *response;
  }
};

TEST_F(UserRemovalsScaleTest, ACallEndsInTimeAndTheNextGoesOnWhereItStopped) {
  AddWorkspaces("w", kMany, "MEMBER", "");
  EXPECT_EQ(RemoveWithin(absl::ZeroDuration()).remaining(), kMany);
  const auto first = RemoveWithin(absl::Seconds(1));
  EXPECT_FALSE(first.done());
  EXPECT_GT(first.removed(), 0);
  EXPECT_EQ(first.removed() + first.remaining(), kMany);
  EXPECT_EQ(Records(), first.remaining());
  int removed = first.removed();
  while (removed < kMany) {
    const absl::Time began = absl::Now();
    const auto next = RemoveWithin(absl::InfiniteDuration());
    EXPECT_LT(absl::Now() - began, absl::Seconds(12));
    ASSERT_GT(next.removed(), 0);
    removed += next.removed();
    EXPECT_EQ(next.done(), removed == kMany);
  }
  EXPECT_EQ(Records(), 0);
  EXPECT_EQ(here_.Count(
                "SELECT max(rows) FROM (SELECT count(*) AS rows FROM removed_members r JOIN workspaces w ON "
                "w.id = r.place GROUP BY r.xmin::text) t"),
            1)
      << "one workspace a transaction";
  EXPECT_EQ(here_.Count("SELECT count(*) FROM audit_entries WHERE action = 'member.removed'"), kMany);
  for (const CommittedEntries& commit : here_.recorder.commits()) EXPECT_LE(commit.entries.size(), 2u);
}

TEST_F(UserRemovalsScaleTest, HoweverManyAreBlockedThoseBehindThemAreReached) {
  AddWorkspaces("a", 3 * kMany, "ADMIN", "");
  AddWorkspaces("z", 1, "ADMIN", "ben");
  for (bool validate_only : {true, false}) {
    const auto response = RemoveWithin(absl::InfiniteDuration(), validate_only);
    EXPECT_EQ(response.removed(), 1);
    EXPECT_TRUE(response.done());
    ASSERT_EQ(response.blocked_size(), 1000);
    EXPECT_EQ(response.blocked(999).reason(), "LAST_ADMIN");
  }
  EXPECT_EQ(Records(), 3 * kMany);
}

TEST_F(UserRemovalsScaleTest, AnOwnersPlacesAreToldWithoutATransactionForEach) {
  AddWorkspaces("a", 3 * kMany, "ADMIN", "ben");
  ASSERT_EQ(Told(Add("owner", "ann", kOwner)), "OK");
  const auto response = RemoveWithin(absl::InfiniteDuration());
  EXPECT_EQ(response.removed(), 0);
  EXPECT_TRUE(response.done());
  ASSERT_EQ(response.blocked_size(), 1000);
  EXPECT_EQ(response.blocked(999).reason(), "ORG_OWNER_PROTECTED");
}

}  // namespace
}  // namespace guestpass::membership
