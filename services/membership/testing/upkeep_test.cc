// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <numeric>
#include <thread>

#include "common/status/error.h"
#include "common/time/clock.h"
#include "gtest/gtest.h"
#include "services/membership/testing/upkeep_rows.h"
#include "tests/harness/eventually.h"

namespace guestpass::membership {
namespace {

constexpr int kLimit = 1'000;

class UpkeepTest : public testing::Test {
 protected:
  static WorkspaceId Workspace(int i) { return TestId<WorkspaceId>('w', i); }
  static UserId User(int i) { return TestId<UserId>('u', i); }

  // Repeats a step until it gives 0: what each gave.
  template <typename Step>
  std::vector<int64_t> Exhaust(Step step) {
    std::vector<int64_t> gone;
    do {
      const absl::StatusOr<int64_t> rows = step();
      EXPECT_TRUE(rows.ok()) << rows.status();
      gone.push_back(rows.value_or(0));
    } while (gone.back() > 0);
    return gone;
  }
  static int64_t Sum(const std::vector<int64_t>& gone) {
    return std::accumulate(gone.begin(), gone.end(), int64_t{0});
  }
  static int64_t Most(const std::vector<int64_t>& gone) {
    return *std::max_element(gone.begin(), gone.end());
  }

  // Transactions that have written, of all that this database's server ran.
  int64_t Written() { return rows_.Count("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"); }

  UpkeepRows rows_;
  PgUpkeep& upkeep_ = rows_.upkeep;
};

TEST_F(UpkeepTest, ADeletedWorkspaceIsClearedInSmallTransactionsThatHoldNobodyUpForLong) {
  rows_.AddWorkspace(1, 100'000, true);
  rows_.AddWorkspace(2, 10, false);
  ASSERT_EQ(*upkeep_.UnclearedWorkspaces(10), std::vector<WorkspaceId>{Workspace(1)});
  std::atomic<bool> done = false;
  std::thread other([&] {
    const auto session = rows_.NewSession();
    absl::Duration longest;
    for (int i = 0; !done; i = (i + 7'919) % 100'000) {
      const auto free = session->Run("SELECT FROM workspaces WHERE id = $1 FOR UPDATE NOWAIT",
                                     postgres::Params::Of(Workspace(1)));
      EXPECT_TRUE(free.ok()) << "the workspace's own record was locked: " << free.status();
      const absl::Duration began = SystemClock().Boot();
      const auto member =
          session->Run("SELECT FROM members WHERE workspace = $1 AND user_id = $2 FOR NO KEY UPDATE",
                       postgres::Params::Of(Workspace(1), User(i + 1)));
      EXPECT_TRUE(member.ok()) << member.status();
      longest = std::max(longest, SystemClock().Boot() - began);
    }
    std::printf("longest wait for a member's record: %s\n", absl::FormatDuration(longest).c_str());
  });
  const int64_t written = Written();
  int64_t cleared = 0, steps = 0;
  while (*upkeep_.CountMembers(Workspace(1)) > 0) {
    const std::vector<int64_t> gone = Exhaust([&] { return upkeep_.ClearWorkspace(Workspace(1), kLimit); });
    EXPECT_LE(Most(gone), kLimit);
    cleared += Sum(gone);
    steps += static_cast<int64_t>(gone.size()) - 1;
  }
  done = true;
  other.join();
  EXPECT_EQ(cleared, 200'001);
  EXPECT_GE(Written() - written, steps) << "a transaction for each step";
  EXPECT_TRUE(upkeep_.UnclearedWorkspaces(10)->empty());
  EXPECT_EQ(rows_.Count("SELECT count(*) FROM participants WHERE channel < test_id('h', 20)"), 0);
  EXPECT_EQ(rows_.Count("SELECT count(*) FROM members"), 10);
  EXPECT_EQ(rows_.Count("SELECT count(*) FROM participants"), 11);
  EXPECT_EQ(rows_.Count("SELECT sum(n + audit_n) FROM rights_heads"), 0) << "clearing changes no right";
}

TEST_F(UpkeepTest, AWorkspaceThatStandsIsNeverCleared) {
  rows_.AddWorkspace(1, 5, false);
  EXPECT_EQ(*upkeep_.ClearWorkspace(Workspace(1), kLimit), 0);
  EXPECT_EQ(*upkeep_.ClearWorkspace(Workspace(99), kLimit), 0);
  EXPECT_TRUE(upkeep_.UnclearedWorkspaces(10)->empty());
  EXPECT_EQ(*upkeep_.CountMembers(Workspace(1)), 5);
  EXPECT_EQ(rows_.Count("SELECT count(*) FROM participants"), 6);
}

TEST_F(UpkeepTest, WhatOthersHoldIsPassedOverAndTheWorkspaceStaysUncleared) {
  rows_.AddWorkspace(1, 5, true);
  const auto holder = rows_.NewSession();
  ASSERT_TRUE(
      holder->Script("BEGIN; SELECT FROM participants WHERE user_id = test_id('u', 2) FOR UPDATE").ok());
  EXPECT_EQ(Sum(Exhaust([&] { return upkeep_.ClearWorkspace(Workspace(1), kLimit); })), 5);
  EXPECT_EQ(upkeep_.UnclearedWorkspaces(10)->size(), 1u) << "a participant is left";
  ASSERT_TRUE(
      holder->Script("ROLLBACK; BEGIN; SELECT FROM members WHERE user_id = test_id('u', 3) FOR UPDATE").ok());
  EXPECT_EQ(Sum(Exhaust([&] { return upkeep_.ClearWorkspace(Workspace(1), kLimit); })), 5);
  EXPECT_EQ(*upkeep_.CountMembers(Workspace(1)), 1);
  ASSERT_TRUE(holder->Script("ROLLBACK").ok());
  EXPECT_EQ(*upkeep_.ClearWorkspace(Workspace(1), kLimit), 1);
  EXPECT_TRUE(upkeep_.UnclearedWorkspaces(10)->empty());
}

TEST_F(UpkeepTest, UnclearedWorkspacesAreGivenInOrderAndNotMoreThanAskedFor) {
  for (int i : {3, 1, 2}) rows_.AddWorkspace(i, 1, true);
  EXPECT_EQ(*upkeep_.UnclearedWorkspaces(2), (std::vector<WorkspaceId>{Workspace(2), Workspace(3)}));
}

TEST_F(UpkeepTest, ErasingAHundredThousandRecordsLeavesIdsAndTheNumbersOfRemovals) {
  rows_.Run(R"sql(
    INSERT INTO workspaces (id, organization, shard, display_name, grace_us, create_us)
      SELECT test_id('w', i), test_id('o', 1), 7, 'workspace', 0, 0 FROM generate_series(1, 30000) i;
    INSERT INTO members (workspace, user_id, shard, role, address, recorded_state, grants, create_us)
      SELECT test_id('w', i), test_id('u', u), 7, 'MEMBER', 'user' || u || '@example.com', 'ACTIVE', '{}', i
      FROM generate_series(1, 30000) i, generate_series(1, 2) u;
    INSERT INTO removed_members
      SELECT test_id('w', i), test_id('u', 1), address_hash('address' || a), (i * 7 + a * 13) % 1000
      FROM generate_series(1, 30000) i, generate_series(1, 4) a WHERE a < 4 OR i <= 10000
      ORDER BY i, a;
    INSERT INTO removed_members
      SELECT test_id('w', i), test_id('u', u), '', i % 1000 FROM generate_series(1, 30000, 3) i,
        generate_series(1, 2) u;
    INSERT INTO removed_members
      SELECT test_id('w', i), test_id('u', 2), address_hash('address2'), i FROM generate_series(1, 100) i;
    CREATE TABLE before AS SELECT place, user_id, max(removed_n) AS n FROM removed_members GROUP BY 1, 2;
    CREATE TABLE members_before AS SELECT to_jsonb(m) AS record FROM members m)sql");
  ASSERT_EQ(*upkeep_.CountAddresses(User(1)), 130'000);
  const std::vector<int64_t> gone = Exhaust([&] { return upkeep_.EraseAddresses(User(1), kLimit); });
  EXPECT_EQ(Sum(gone), 100'000);
  EXPECT_LE(Most(gone), kLimit);
  EXPECT_EQ(*upkeep_.CountAddresses(User(1)), 30'000) << "members' own";
  EXPECT_EQ(*upkeep_.CountAddresses(User(2)), 30'100) << "another user's";
  EXPECT_EQ(rows_.Count("SELECT count(*) FROM (SELECT to_jsonb(m) FROM members m EXCEPT "
                        "SELECT record FROM members_before) changed"),
            0);
  EXPECT_EQ(rows_.Count("SELECT count(*) FROM members"), 60'000);
  EXPECT_EQ(rows_.Count("SELECT count(*) FROM ((SELECT place, user_id, max(removed_n) FROM removed_members "
                        "GROUP BY 1, 2) EXCEPT TABLE before) changed"),
            0);
  EXPECT_EQ(rows_.Count("SELECT count(*) FROM (TABLE before EXCEPT (SELECT place, user_id, max(removed_n) "
                        "FROM removed_members GROUP BY 1, 2)) lost"),
            0);
  EXPECT_EQ(rows_.Count("SELECT count(*) FROM removed_members WHERE user_id = test_id('u', 1) AND "
                        "address_hash <> ''"),
            0);
}

TEST_F(UpkeepTest, ErasingPassesOverWhatOthersHoldAndCountsIt) {
  rows_.Run(
      "INSERT INTO removed_members SELECT test_id('w', i), test_id('u', 1), address_hash('a'), 5 FROM "
      "generate_series(1, 2) i");
  const auto holder = rows_.NewSession();
  ASSERT_TRUE(
      holder->Script("BEGIN; SELECT FROM removed_members WHERE place = test_id('w', 1) FOR NO KEY UPDATE")
          .ok());
  EXPECT_EQ(Sum(Exhaust([&] { return upkeep_.EraseAddresses(User(1), kLimit); })), 1);
  EXPECT_EQ(*upkeep_.CountAddresses(User(1)), 1);
  ASSERT_TRUE(holder->Script("ROLLBACK").ok());
  EXPECT_EQ(*upkeep_.EraseAddresses(User(1), kLimit), 1);
  EXPECT_EQ(*upkeep_.CountAddresses(User(1)), 0);
}

TEST_F(UpkeepTest, ErasingGivesWayToARemovalThatIsBeingRecorded) {
  rows_.AddWorkspace(1, 0, false);
  rows_.Run("INSERT INTO removed_members VALUES (test_id('w', 1), test_id('u', 1), address_hash('a'), 5)");
  const auto holder = rows_.NewSession();
  ASSERT_TRUE(
      holder->Script("BEGIN; INSERT INTO removed_members VALUES (test_id('w', 1), test_id('u', 1), '', 9)")
          .ok());
  const auto refused = upkeep_.EraseAddresses(User(1), kLimit);
  EXPECT_TRUE(HasReason(refused.status(), Reason::kOverloaded)) << refused.status();
  ASSERT_TRUE(holder->Script("COMMIT").ok());
  EXPECT_EQ(*upkeep_.EraseAddresses(User(1), kLimit), 1);
  EXPECT_EQ(rows_.Count("SELECT removed_n FROM removed_members"), 9);
  EXPECT_EQ(rows_.Count("SELECT count(*) FROM removed_members"), 1);
}

TEST_F(UpkeepTest, JoinKeysAndAnswersGoWhenTheirTimeIsOverAndNotBefore) {
  rows_.AddKeysAndAnswers(25);
  for (const auto& [forget, table] : {std::pair{&Upkeep::ForgetJoinKeys, "join_keys"},
                                      std::pair{&Upkeep::ForgetAnswers, "request_answers"}}) {
    const std::vector<int64_t> gone = Exhaust([&, forget = forget] { return (upkeep_.*forget)(10); });
    EXPECT_EQ(gone, (std::vector<int64_t>{10, 10, 5, 0}));
    EXPECT_EQ(rows_.Count(absl::StrCat("SELECT count(*) FROM ", table, " WHERE keep_until_us > now_us()")),
              25);
    EXPECT_EQ(rows_.Count(absl::StrCat("SELECT count(*) FROM ", table)), 25);
  }
}

TEST_F(UpkeepTest, AUsersWorkspacesAreThoseOfTheOrganizationThatStandPageByPage) {
  for (int i : {2, 3, 4, 5, 6}) rows_.AddWorkspace(i, i == 3 ? 0 : 2, i == 4);
  rows_.Run("UPDATE workspaces SET organization = test_id('o', 2), shard = 8 WHERE id = test_id('w', 5)");
  const auto organization = TestId<OrganizationId>('o', 1);
  const auto Page = [&](const WorkspaceId& after) {
    return *upkeep_.WorkspacesOf(organization, User(1), after, 1);
  };
  EXPECT_EQ(Page({}), std::vector<WorkspaceId>{Workspace(2)});
  EXPECT_EQ(Page(Workspace(2)), std::vector<WorkspaceId>{Workspace(6)});
  EXPECT_TRUE(Page(Workspace(6)).empty());
  EXPECT_EQ(*upkeep_.CountWorkspacesOf(organization, User(1), {}), 2);
  EXPECT_EQ(*upkeep_.CountWorkspacesOf(organization, User(1), Workspace(2)), 1);
  EXPECT_EQ(*upkeep_.CountWorkspacesOf(organization, User(3), {}), 0);
}

TEST_F(UpkeepTest, WhoIsTheOnlyAdminOfAWorkspaceIsToldWithoutLocks) {
  for (int i : {1, 2, 3}) rows_.AddWorkspace(i, 2, false);
  rows_.Run(
      "UPDATE members SET role = 'ADMIN' WHERE workspace <> test_id('w', 3) AND user_id = test_id('u', 1) OR "
      "workspace = test_id('w', 2) AND user_id = test_id('u', 2)");
  const std::vector<WorkspaceId> all = {Workspace(1), Workspace(2), Workspace(3)};
  EXPECT_EQ(*upkeep_.OnlyAdminOf(all, User(1)), std::vector<WorkspaceId>{Workspace(1)});
  EXPECT_TRUE(upkeep_.OnlyAdminOf(all, User(2))->empty()) << "there is another";
  EXPECT_TRUE(upkeep_.OnlyAdminOf({Workspace(2)}, User(1))->empty()) << "not asked for";
}

TEST_F(UpkeepTest, WorkspacesWithAnAddressAreGivenPageByPageDeletedOnesToo) {
  for (int i : {2, 3, 4}) rows_.AddWorkspace(i, 2, i == 4);
  rows_.Run(
      "UPDATE members SET address = NULL WHERE workspace = test_id('w', 3) AND user_id = test_id('u', 1)");
  const auto Page = [&](const WorkspaceId& after) {
    return *upkeep_.WorkspacesWithAddress(User(1), after, 1);
  };
  EXPECT_EQ(Page({}), std::vector<WorkspaceId>{Workspace(2)});
  EXPECT_EQ(Page(Workspace(2)), std::vector<WorkspaceId>{Workspace(4)});
  EXPECT_TRUE(Page(Workspace(4)).empty());
}

// Generic plans, by a planner that has seen all of these rows, or few of them.
class UpkeepPlans : public UpkeepTest, public testing::WithParamInterface<bool> {};

INSTANTIATE_TEST_SUITE_P(StatisticsAreNew, UpkeepPlans, testing::Bool());

TEST_P(UpkeepPlans, NoStepReadsAWholeTable) {
  rows_.Run(
      absl::StrCat("ALTER DATABASE ", rows_.database.name(), " SET plan_cache_mode = force_generic_plan"));
  rows_.AddWorkspace(3, 5, false);
  rows_.AddKeysAndAnswers(5);
  rows_.AddLog(UpkeepRows::kShard, 5, absl::Hours(25));
  rows_.Run("ANALYZE");
  rows_.AddWorkspace(1, 20'000, true);
  rows_.AddWorkspace(2, 20'000, false);
  rows_.AddWorkspace(4, 1, true);
  rows_.Run(
      "INSERT INTO workspaces (id, organization, shard, display_name, grace_us, deleted, create_us) "
      "SELECT test_id('w', i), test_id('o', 1), 7, 'cleared', 0, true, 0 FROM generate_series(5, 5000) i");
  rows_.Run("DELETE FROM join_keys; DELETE FROM request_answers");
  rows_.AddKeysAndAnswers(20'000);
  rows_.AddLog(UpkeepRows::kShard, 20'000, absl::Hours(25));
  rows_.Run("INSERT INTO removed_members SELECT workspace, user_id, address_hash(address), 1 FROM members");
  if (GetParam()) rows_.Run("ANALYZE");
  rows_.ForgetStatistics();
  {
    postgres::Pool pool(rows_.database.options(1));
    PgUpkeep upkeep(pool);
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(*upkeep.PruneLog(UpkeepRows::kShard, absl::Hours(24), 100), 100);
      EXPECT_EQ(*upkeep.ForgetJoinKeys(100), 100);
      EXPECT_EQ(*upkeep.ForgetAnswers(100), 100);
      EXPECT_EQ(upkeep.UnclearedWorkspaces(100)->size(), i < 2 ? 2u : 1u);
      EXPECT_EQ(*upkeep.ClearWorkspace(Workspace(1), 100), 100);
      EXPECT_EQ(*upkeep.ClearWorkspace(Workspace(4), 100), i == 0 ? 2 : i == 1 ? 1 : 0);
      EXPECT_EQ(*upkeep.EraseAddresses(User(19'000), 1), i < 2 ? 1 : 0);
      EXPECT_EQ(*upkeep.CountAddresses(User(19'000)), i < 1 ? 3 : 2);
      EXPECT_EQ(upkeep.WorkspacesOf(TestId<OrganizationId>('o', 1), User(1), {}, 10)->size(), 2u);
      EXPECT_EQ(*upkeep.CountWorkspacesOf(TestId<OrganizationId>('o', 1), User(1), {}), 2);
    }
  }
  const char kIndexed[] = "SELECT sum(idx_scan)::bigint FROM pg_stat_user_tables";
  ASSERT_TRUE(harness::Eventually(absl::Seconds(20), [&] { return rows_.Count(kIndexed) >= 30; }));
  const auto read = rows_.NewSession()->Run(R"sql(
    SELECT t.relname, seq_tup_read + (SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes i
                                      WHERE i.relid = t.relid)
    FROM pg_stat_user_tables t
    WHERE relname IN ('members', 'participants', 'rights_log', 'join_keys', 'request_answers', 'removed_members')
  )sql");
  ASSERT_EQ(read->rows(), 6);
  for (int row = 0; row < read->rows(); ++row) EXPECT_LT(read->Int64(row, 1), 2'000) << read->Text(row, 0);
}

}  // namespace
}  // namespace guestpass::membership
