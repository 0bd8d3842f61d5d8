// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/shared_commits.h"

#include <atomic>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/synchronization/notification.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/testing/installation.h"

// Changes that arrive together, and share a transaction (ADR 13).
namespace guestpass::membership {
namespace {

using Body = std::function<absl::Status(MembershipTx&, const Locked&)>;

class SharedCommitsTest : public testing::Test {
 protected:
  static constexpr int kLanes = 2;

  void SetUp() override {
    for (int i = 0; i < 8; ++i) here_.AddMember(Name(i), type::v1::ROLE_MEMBER);
    before_ = here_.recorder.commits().size();
  }
  void TearDown() override { LetGo(); }

  static std::string Name(int i) { return absl::StrCat("user", i); }

  LockPlan PlanFor(int i) const {
    LockPlan plan{.workspace = here_.workspace, .may_share = true};
    plan.With(Installation::IdOf(Name(i)), LockMode::kUpdate);
    return plan;
  }

  static Body MakesViewer(int i) {
    return [i](MembershipTx& tx, const Locked& locked) -> absl::Status {
      Member member = *locked.MemberOf(Installation::IdOf(Name(i)));
      member.state.role = rights::Role::kViewer;
      tx.UpdateMember(member);
      return absl::OkStatus();
    };
  }

  // Keeps every lane busy until LetGo.
  void HoldLanes() {
    std::atomic<int> held = 0;
    for (int lane = 0; lane < kLanes; ++lane) {
      Begin({.workspace = here_.workspace, .may_share = true}, [&](MembershipTx&, const Locked&) {
        ++held;
        go_.WaitForNotification();
        return absl::OkStatus();
      });
      while (held <= lane) std::this_thread::yield();
    }
    results_.clear();
  }

  // Begins a change, which waits where the lanes are held.
  void Begin(LockPlan plan, Body body) {
    const auto result = std::make_shared<absl::StatusOr<Committed>>();
    results_.push_back(result);
    threads_.emplace_back([this, plan = std::move(plan), body = std::move(body), result] {
      *result = here_.store.Transact(plan, {.user = Installation::IdOf("owner"), .request_id = "r"}, body);
    });
  }

  // Lets those that wait go once they do; gives what became of each.
  std::vector<absl::StatusOr<Committed>> Go() {
    while (here_.store.waiting() < results_.size()) std::this_thread::yield();
    LetGo();
    std::vector<absl::StatusOr<Committed>> results;
    for (const auto& result : results_) results.push_back(*result);
    return results;
  }

  void LetGo() {
    if (!go_.HasBeenNotified()) go_.Notify();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  std::optional<rights::Role> RoleOf(int i) { return here_.StateOf(Name(i)).role; }
  size_t Commits() const { return here_.recorder.commits().size() - before_; }

  Installation here_;
  size_t before_ = 0;
  absl::Notification go_;
  std::vector<std::shared_ptr<absl::StatusOr<Committed>>> results_;
  std::deque<std::thread> threads_;
};

TEST_F(SharedCommitsTest, TheyAreOneCommitAndEachHasItsOwnRevision) {
  HoldLanes();
  for (int i = 0; i < 6; ++i) Begin(PlanFor(i), MakesViewer(i));
  std::set<uint64_t> numbers;
  for (const auto& result : Go()) {
    ASSERT_TRUE(result.ok()) << result.status();
    numbers.insert(result->revision.n);
  }
  EXPECT_EQ(numbers.size(), 6u);
  ASSERT_EQ(Commits(), 1u);
  const CommittedEntries told = here_.recorder.commits().back();
  std::set<uint64_t> entries;
  for (const rights::Entry& entry : told.entries) entries.insert(entry.n);
  EXPECT_EQ(entries, numbers);
  EXPECT_EQ(here_.Count("SELECT count(DISTINCT record_us) FROM rights_log WHERE n > (SELECT max(n) - 6 FROM "
                        "rights_log)"),
            1);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(RoleOf(i), rights::Role::kViewer);
}

TEST_F(SharedCommitsTest, EachRevisionIsThatOfItsOwnEntryAndItsAuditOfItsOwnActor) {
  HoldLanes();
  for (int i = 0; i < 4; ++i) {
    Begin(PlanFor(i), [i](MembershipTx& tx, const Locked& locked) {
      tx.Audit({.action = "test", .target = Name(i), .organization = locked.organization->id});
      return MakesViewer(i)(tx, locked);
    });
  }
  const auto results = Go();
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(results[i].ok()) << results[i].status();
    EXPECT_EQ(here_.Count(absl::StrCat("SELECT count(*) FROM rights_log WHERE n = ", results[i]->revision.n,
                                       " AND key LIKE '%", Installation::IdOf(Name(i)).text(), "%'")),
              1);
    EXPECT_EQ(
        here_.Count(
            "SELECT count(*) FROM audit_entries WHERE action = 'test' AND request_id = 'r' AND target = '" +
            Name(i) + "' AND actor = '" + Installation::IdOf("owner").ToString() + "'"),
        1);
  }
}

TEST_F(SharedCommitsTest, WhatIsRefusedOrOnlyJudgedLeavesNothingAndHoldsUpNobody) {
  HoldLanes();
  Begin(PlanFor(0), MakesViewer(0));
  Begin(PlanFor(1), [](MembershipTx& tx, const Locked& locked) -> absl::Status {
    EXPECT_TRUE(MakesViewer(1)(tx, locked).ok());
    return Error(Reason::kRoleTooLow, "no");
  });
  Begin(PlanFor(2), [](MembershipTx& tx, const Locked& locked) {
    tx.OnlyJudge();
    return MakesViewer(2)(tx, locked);
  });
  Begin(PlanFor(3), MakesViewer(3));
  const auto results = Go();
  EXPECT_TRUE(results[0].ok() && results[2].ok() && results[3].ok());
  EXPECT_TRUE(HasReason(results[1].status(), Reason::kRoleTooLow));
  EXPECT_EQ(RoleOf(0), rights::Role::kViewer);
  EXPECT_EQ(RoleOf(1), rights::Role::kMember);
  EXPECT_EQ(RoleOf(2), rights::Role::kMember);
  EXPECT_EQ(RoleOf(3), rights::Role::kViewer);
  EXPECT_EQ(Commits(), 1u);
}

TEST_F(SharedCommitsTest, WhatFailsInTheDatabaseFailsAlone) {
  HoldLanes();
  Begin(PlanFor(0), MakesViewer(0));
  Begin(PlanFor(1), [](MembershipTx& tx, const Locked& locked) {
    Member member = *locked.MemberOf(Installation::IdOf(Name(1)));
    member.state.expire_time = locked.now;  // which no viewer has: the table's check
    tx.UpdateMember(member);
    return absl::OkStatus();
  });
  Begin(PlanFor(2), MakesViewer(2));
  const auto results = Go();
  EXPECT_TRUE(results[0].ok()) << results[0].status();
  EXPECT_FALSE(results[1].ok());
  EXPECT_TRUE(results[2].ok()) << results[2].status();
  EXPECT_EQ(RoleOf(0), rights::Role::kViewer);
  EXPECT_EQ(RoleOf(1), rights::Role::kMember);
  EXPECT_EQ(RoleOf(2), rights::Role::kViewer);
}

TEST_F(SharedCommitsTest, ChangesOfOneMemberEachSeeTheOneBefore) {
  HoldLanes();
  std::atomic<int> seen_viewer = 0;
  for (int i = 0; i < 5; ++i) {
    Begin(PlanFor(0), [&](MembershipTx& tx, const Locked& locked) {
      seen_viewer += locked.MemberOf(Installation::IdOf(Name(0)))->state.role == rights::Role::kViewer;
      return MakesViewer(0)(tx, locked);
    });
  }
  for (const auto& result : Go()) EXPECT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(seen_viewer, 4);
}

TEST_F(SharedCommitsTest, WhoseLockSomebodyHasWaitsForItAloneAndTheOthersDoNot) {
  for (const char* lock : {"SELECT pg_advisory_xact_lock(hashtextextended('m/$w/$u', 7))",
                           "SELECT FROM members WHERE workspace = '$w' AND user_id = '$u' FOR UPDATE"}) {
    const auto rival = here_.NewSession();
    ASSERT_TRUE(
        rival
            ->Script("BEGIN; " + absl::StrReplaceAll(lock, {{"$w", here_.workspace.ToString()},
                                                            {"$u", Installation::IdOf(Name(0)).ToString()}}))
            .ok());
    absl::StatusOr<Committed> held, free;
    std::thread waits([&] { held = here_.store.Transact(PlanFor(0), {}, MakesViewer(0)); });
    here_.AwaitWaiters(1);
    free = here_.store.Transact(PlanFor(1), {}, MakesViewer(1));
    EXPECT_TRUE(free.ok()) << free.status();
    ASSERT_TRUE(rival->Script("COMMIT").ok());
    waits.join();
    EXPECT_TRUE(held.ok()) << held.status();
  }
}

TEST_F(SharedCommitsTest, WhereTheirHeadIsHeldForLongEachWaitsForItAlone) {
  HoldLanes();
  for (int i = 0; i < 3; ++i) Begin(PlanFor(i), MakesViewer(i));
  while (here_.store.waiting() < 3) std::this_thread::yield();
  const auto rival = here_.NewSession();
  ASSERT_TRUE(rival->Script("BEGIN; SELECT FROM rights_heads FOR UPDATE").ok());
  std::thread freer([&] {
    here_.AwaitWaiters(3);
    EXPECT_TRUE(rival->Script("COMMIT").ok());
  });
  for (const auto& result : Go()) EXPECT_TRUE(result.ok()) << result.status();
  freer.join();
  EXPECT_EQ(Commits(), 3u);
}

TEST_F(SharedCommitsTest, WhoConflictsWithOneThatWaitsStaysBehindIt) {
  HoldLanes();
  std::map<char, std::thread::id> threads;  // each transaction is one of its changes' thread's
  absl::Mutex mutex;
  const auto begin = [&](LockMode mode, char name) {
    LockPlan plan{.workspace = here_.workspace, .may_share = true};
    plan.With(Installation::IdOf(Name(0)), mode);
    Begin(plan, [&, name](MembershipTx&, const Locked&) {
      absl::MutexLock lock(&mutex);
      threads[name] = std::this_thread::get_id();
      return absl::OkStatus();
    });
    while (here_.store.waiting() < results_.size()) std::this_thread::yield();
  };
  begin(LockMode::kShare, 'a');
  begin(LockMode::kUpdate, 'b');
  begin(LockMode::kShare, 'c');
  for (const auto& result : Go()) EXPECT_TRUE(result.ok()) << result.status();
  EXPECT_NE(threads['a'], threads['c']) << "passed one that has waited longer, in the company of another";
}

TEST_F(SharedCommitsTest, ABrokenConnectionIsToldToAllAndNothingIsDone) {
  HoldLanes();
  for (int i = 0; i < 3; ++i) {
    Begin(PlanFor(i), [this, i](MembershipTx& tx, const Locked& locked) {
      here_.Count(
          "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
          "WHERE state = 'idle in transaction' AND datname = current_database()");
      return MakesViewer(i)(tx, locked);
    });
  }
  for (const auto& result : Go()) EXPECT_FALSE(result.ok());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(RoleOf(i), rights::Role::kMember);
  EXPECT_EQ(Commits(), 0u);
}

}  // namespace
}  // namespace guestpass::membership
