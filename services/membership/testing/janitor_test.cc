// SPDX-License-Identifier: Apache-2.0
#include "services/membership/worker/janitor.h"

#include <atomic>
#include <memory>
#include <string>

#include "absl/synchronization/mutex.h"
#include "common/status/error.h"
#include "common/telemetry/log.h"
#include "gtest/gtest.h"
#include "services/membership/testing/upkeep_rows.h"
#include "tests/harness/eventually.h"

namespace guestpass::membership {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr char kOldRows[] = R"sql(
  SELECT (SELECT count(*) FROM rights_log WHERE record_us < now_us() - 86400000000) +
         (SELECT count(*) FROM join_keys WHERE keep_until_us <= now_us()) +
         (SELECT count(*) FROM request_answers WHERE keep_until_us <= now_us()) +
         (SELECT count(*) FROM members m JOIN workspaces w ON w.id = m.workspace WHERE w.deleted)
)sql";
constexpr char kYoungRows[] = R"sql(
  SELECT (SELECT count(*) FROM rights_log) + (SELECT count(*) FROM join_keys) +
         (SELECT count(*) FROM request_answers) + (SELECT count(*) FROM members)
)sql";

// The real one, watched: how often it is called, and with pruning that fails as long as a test wants it to.
class WatchedUpkeep : public Upkeep {
 public:
  explicit WatchedUpkeep(Upkeep& upkeep) : upkeep_(upkeep) {}

  absl::StatusOr<int64_t> PruneLog(uint32_t shard, absl::Duration age, int limit) override {
    ++prunings;
    if (refuses_pruning) return Error(Reason::kConflict, "not now");
    return upkeep_.PruneLog(shard, age, limit);
  }
  absl::StatusOr<int64_t> ForgetJoinKeys(int limit) override { return upkeep_.ForgetJoinKeys(limit); }
  absl::StatusOr<int64_t> ForgetAnswers(int limit) override { return upkeep_.ForgetAnswers(limit); }
  absl::StatusOr<std::vector<WorkspaceId>> UnclearedWorkspaces(int limit) override {
    ++rounds;
    return upkeep_.UnclearedWorkspaces(limit);
  }
  absl::StatusOr<int64_t> ClearWorkspace(const WorkspaceId& workspace, int limit) override {
    ++clearings;
    return upkeep_.ClearWorkspace(workspace, limit);
  }
  absl::StatusOr<int64_t> CountMembers(const WorkspaceId& workspace) override {
    return upkeep_.CountMembers(workspace);
  }
  absl::StatusOr<int64_t> EraseAddresses(const UserId& user, int limit) override {
    return upkeep_.EraseAddresses(user, limit);
  }
  absl::StatusOr<int64_t> CountAddresses(const UserId& user) override { return upkeep_.CountAddresses(user); }
  absl::StatusOr<std::vector<WorkspaceId>> WorkspacesOf(const OrganizationId& organization,
                                                        const UserId& user, const WorkspaceId& after,
                                                        int limit) override {
    return upkeep_.WorkspacesOf(organization, user, after, limit);
  }
  absl::StatusOr<int64_t> CountWorkspacesOf(const OrganizationId& organization, const UserId& user,
                                            const WorkspaceId& after) override {
    return upkeep_.CountWorkspacesOf(organization, user, after);
  }
  absl::StatusOr<std::vector<std::string>> AddressesOf(const OrganizationId& organization,
                                                       const UserId& user) override {
    return upkeep_.AddressesOf(organization, user);
  }
  absl::StatusOr<std::vector<WorkspaceId>> OnlyAdminOf(const std::vector<WorkspaceId>& workspaces,
                                                       const UserId& user) override {
    return upkeep_.OnlyAdminOf(workspaces, user);
  }
  absl::StatusOr<std::vector<WorkspaceId>> WorkspacesWithAddress(const UserId& user, const WorkspaceId& after,
                                                                 int limit) override {
    return upkeep_.WorkspacesWithAddress(user, after, limit);
  }

  std::atomic<int> prunings = 0, rounds = 0, clearings = 0;
  std::atomic<bool> refuses_pruning = false;

 private:
  Upkeep& upkeep_;
};

class JanitorTest : public testing::Test {
 protected:
  void SetUp() override {
    telemetry::SetLogSink([this](absl::string_view line) {
      absl::MutexLock lock(&log_mutex_);
      log_ += std::string(line);
    });
  }
  void TearDown() override { telemetry::SetLogSink({}); }

  // Of each kind, more than one step clears, in several shards and workspaces; and as much that stays.
  void AddRows() {
    for (uint32_t shard : {0u, 7u, 255u}) {
      rows_.AddLog(shard, 250, absl::Hours(25));
      rows_.AddLog(shard, 250, absl::Hours(23));
    }
    rows_.AddKeysAndAnswers(250);
    for (int i : {1, 2, 3}) rows_.AddWorkspace(i, 250, i < 3);
  }
  static constexpr int64_t kStays = 3 * 250 + 2 * 250 + 250;

  bool AwaitNothingOld() {
    return harness::Eventually(kPatience, [&] { return rows_.Count(kOldRows) == 0; });
  }
  bool AwaitRounds(int more) {
    const int until = upkeep_.rounds + more;
    return harness::Eventually(kPatience, [&] { return upkeep_.rounds >= until; });
  }

  int LinesWith(const std::string& text) {
    absl::MutexLock lock(&log_mutex_);
    int lines = 0;
    for (size_t at = log_.find(text); at != std::string::npos; at = log_.find(text, at + 1)) ++lines;
    return lines;
  }

  absl::Mutex log_mutex_;
  std::string log_;
  UpkeepRows rows_;
  WatchedUpkeep upkeep_{rows_.upkeep};
};

TEST_F(JanitorTest, ARoundClearsAllThatIsOldAndNothingElse) {
  AddRows();
  Janitor janitor(upkeep_, {.interval = absl::Hours(1), .batch = 100});
  janitor.Start();
  EXPECT_TRUE(AwaitNothingOld());
  janitor.Stop();
  EXPECT_EQ(rows_.Count(kYoungRows), kStays);
  EXPECT_EQ(rows_.Count("SELECT sum(pruned_n) FROM rights_heads"), 750);
  EXPECT_EQ(LinesWith("cannot be cleared away"), 0);
}

TEST_F(JanitorTest, RoundsFollowEachOther) {
  Janitor janitor(upkeep_, {.interval = absl::Milliseconds(5), .batch = 100});
  janitor.Start();
  ASSERT_TRUE(AwaitRounds(2));
  AddRows();
  EXPECT_TRUE(AwaitNothingOld());
}

TEST_F(JanitorTest, StoppingEndsARoundThatHasFarToGo) {
  rows_.AddWorkspace(1, 40'000, true);
  Janitor janitor(upkeep_, {.batch = 1});
  janitor.Start();
  ASSERT_TRUE(harness::Eventually(kPatience, [&] { return upkeep_.clearings >= 2; }));
  janitor.Stop();
  const int clearings = upkeep_.clearings;
  EXPECT_EQ(rows_.Count("SELECT count(*) FROM members"), 40'000);
  EXPECT_EQ(rows_.Count("SELECT count(*) FROM participants"), 40'001 - clearings);
  janitor.Stop();
  EXPECT_EQ(upkeep_.clearings, clearings);
}

TEST_F(JanitorTest, AWorkspaceOfWhichSomebodyHoldsARecordEndsTheRoundAndIsClearedLater) {
  rows_.AddWorkspace(1, 5, true);
  const auto holder = rows_.NewSession();
  ASSERT_TRUE(holder->Script("BEGIN; SELECT FROM members WHERE user_id = test_id('u', 3) FOR UPDATE").ok());
  Janitor janitor(upkeep_, {.interval = absl::Milliseconds(5)});
  janitor.Start();
  ASSERT_TRUE(AwaitRounds(4));
  EXPECT_EQ(rows_.Count(kOldRows), 1);
  ASSERT_TRUE(holder->Script("ROLLBACK").ok());
  EXPECT_TRUE(AwaitNothingOld());
}

TEST_F(JanitorTest, AKindOfWorkThatFailsLeavesTheOthersAndIsToldOnce) {
  AddRows();
  upkeep_.refuses_pruning = true;
  Janitor janitor(upkeep_, {.interval = absl::Milliseconds(5), .batch = 100});
  janitor.Start();
  EXPECT_TRUE(harness::Eventually(kPatience, [&] { return rows_.Count(kOldRows) == 3 * 250; }));
  ASSERT_TRUE(AwaitRounds(3));
  EXPECT_EQ(LinesWith("cannot be cleared away"), 1);
  EXPECT_EQ(LinesWith("cleared away again"), 0);
  upkeep_.refuses_pruning = false;
  EXPECT_TRUE(AwaitNothingOld());
  ASSERT_TRUE(AwaitRounds(2));
  EXPECT_EQ(LinesWith("cannot be cleared away"), 1);
  EXPECT_EQ(LinesWith("cleared away again"), 1);
}

TEST_F(JanitorTest, ItGoesOnWhenTheDatabaseWasAway) {
  Janitor janitor(upkeep_, {.interval = absl::Milliseconds(5), .batch = 100});
  janitor.Start();
  ASSERT_TRUE(AwaitRounds(1));
  AddRows();
  harness::PrivatePostgres& server = harness::TestDatabase::Server();
  server.Stop();
  const int prunings = upkeep_.prunings;
  ASSERT_TRUE(harness::Eventually(kPatience, [&] { return LinesWith("cannot be cleared away") == 1; }));
  EXPECT_TRUE(harness::Eventually(kPatience, [&] { return upkeep_.prunings >= prunings + 4; }));
  ASSERT_TRUE(server.Restart().ok());
  EXPECT_TRUE(AwaitNothingOld());
  EXPECT_TRUE(harness::Eventually(kPatience, [&] { return LinesWith("cleared away again") >= 1; }));
  janitor.Stop();
  EXPECT_EQ(rows_.Count(kYoungRows), kStays);
}

TEST_F(JanitorTest, ReplicasAtOnceDoTheWorkOnceAndDisturbNobody) {
  AddRows();
  const JanitorOptions options{.interval = absl::Milliseconds(5), .batch = 10};
  Janitor one(upkeep_, options), another(upkeep_, options);
  one.Start();
  another.Start();
  EXPECT_TRUE(AwaitNothingOld());
  one.Stop();
  another.Stop();
  EXPECT_EQ(rows_.Count(kYoungRows), kStays);
  EXPECT_EQ(rows_.Count("SELECT sum(pruned_n) FROM rights_heads"), 750);
  EXPECT_EQ(LinesWith("cannot be cleared away"), 0);
}

}  // namespace
}  // namespace guestpass::membership
