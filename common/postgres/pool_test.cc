// SPDX-License-Identifier: Apache-2.0
#include "common/postgres/pool.h"

#include <atomic>
#include <thread>

#include "absl/time/clock.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "tests/harness/servers/test_database.h"

namespace guestpass::postgres {
namespace {

int64_t BackendOf(Session& session) { return session.Run("SELECT pg_backend_pid()")->Int64(0, 0); }

TEST(Pool, ASessionIsUsedAgain) {
  const harness::TestDatabase database;
  Pool pool(database.options());
  const int64_t first = BackendOf(**pool.Acquire());
  EXPECT_EQ(BackendOf(**pool.Acquire()), first);
}

TEST(Pool, ExhaustionIsOverloadOnceTheLeaseTimeHasPassed) {
  const harness::TestDatabase database;
  PoolOptions options = database.options(2);
  options.lease_timeout = absl::Milliseconds(50);
  Pool pool(options);
  absl::StatusOr<Lease> first = pool.Acquire();
  absl::StatusOr<Lease> second = pool.Acquire();
  ASSERT_TRUE(first.ok() && second.ok());
  const absl::Time start = absl::Now();
  EXPECT_TRUE(HasReason(pool.Acquire().status(), Reason::kOverloaded));
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(50));
  { const Lease returned = *std::move(second); }
  EXPECT_TRUE(pool.Acquire().ok());
}

TEST(Pool, WhoWaitsGetsTheSessionThatComesBack) {
  const harness::TestDatabase database;
  PoolOptions options = database.options(1);
  options.lease_timeout = absl::Seconds(30);
  Pool pool(options);
  std::atomic<bool> got = false;
  std::thread waiter;
  {
    absl::StatusOr<Lease> lease = pool.Acquire();
    ASSERT_TRUE(lease.ok());
    waiter = std::thread([&] { got = pool.Acquire().ok(); });
  }
  waiter.join();
  EXPECT_TRUE(got);
}

TEST(Pool, ManyThreadsShareFewSessions) {
  const harness::TestDatabase database;
  PoolOptions options = database.options(3);
  options.lease_timeout = absl::Seconds(30);
  Pool pool(options);
  std::atomic<int> done = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 20; ++j) done += static_cast<int>((*pool.Acquire())->Run("SELECT 1")->Int64(0, 0));
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(done, 320);
  EXPECT_LE((*pool.Acquire())
                ->Run("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
                ->Int64(0, 0),
            3);
}

TEST(Pool, ASessionLeftInATransactionIsNotGivenOut) {
  const harness::TestDatabase database;
  Pool pool(database.options());
  int64_t first = 0;
  {
    absl::StatusOr<Lease> lease = pool.Acquire();
    first = BackendOf(**lease);
    ASSERT_TRUE((*lease)->Script("BEGIN").ok());
  }
  EXPECT_NE(BackendOf(**pool.Acquire()), first);
}

TEST(Pool, ASessionThatTheServerEndedIsReplacedBeforeItIsUsed) {
  const harness::TestDatabase database;
  Pool pool(database.options());
  const int64_t first = BackendOf(**pool.Acquire());
  const auto other = Session::Connect({.conninfo = database.conninfo()});
  ASSERT_TRUE((*other)->Run("SELECT pg_terminate_backend($1::int, 30000)", Params::Of(first))->Bool(0, 0));
  absl::StatusOr<Lease> lease = pool.Acquire();
  ASSERT_TRUE(lease.ok());
  EXPECT_NE(BackendOf(**lease), first);
}

TEST(Pool, RecoversByItselfAfterTheServerWasKilled) {
  const harness::TestDatabase database;
  Pool pool(database.options());
  {
    absl::StatusOr<Lease> one = pool.Acquire();
    absl::StatusOr<Lease> two = pool.Acquire();
    ASSERT_TRUE(one.ok() && two.ok());
  }
  absl::StatusOr<Lease> in_use = pool.Acquire();
  harness::TestDatabase::Server().Kill();
  EXPECT_TRUE(HasReason((*in_use)->Run("SELECT 1").status(), Reason::kDatabaseUnavailable));
  EXPECT_TRUE((*in_use)->broken());
  const absl::Time deadline = absl::Now() + absl::Seconds(30);
  absl::Status status;
  while (status.ok() && absl::Now() < deadline) status = pool.Acquire().status();
  EXPECT_TRUE(HasReason(status, Reason::kDatabaseUnavailable));
  ASSERT_TRUE(harness::TestDatabase::Server().Restart().ok());
  EXPECT_TRUE((*pool.Acquire())->Run("SELECT 1").ok());
}

TEST(Pool, FailuresToConnectDoNotUseItUp) {
  Pool pool({.conninfo = "host=/nonexistent dbname=x user=y", .size = 1});
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(HasReason(pool.Acquire().status(), Reason::kDatabaseUnavailable));
  }
}

}  // namespace
}  // namespace guestpass::postgres
