// SPDX-License-Identifier: Apache-2.0
#include "common/postgres/transact.h"

#include <atomic>
#include <thread>

#include "absl/synchronization/barrier.h"
#include "common/postgres/errors.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "gtest/gtest.h"
#include "tests/harness/servers/test_database.h"

namespace guestpass::postgres {
namespace {

class TransactTest : public testing::Test {
 protected:
  TransactTest() : pool_(database_.options()) {
    EXPECT_TRUE(
        (*pool_.Acquire())
            ->Script(
                "CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL); INSERT INTO t VALUES (1, 0), (2, 0)")
            .ok());
  }

  int64_t Number(absl::string_view sql) { return (*pool_.Acquire())->Run(sql)->Int64(0, 0); }

  harness::TestDatabase database_;
  Pool pool_;
};

TEST_F(TransactTest, CommitsWhatGaveOk) {
  EXPECT_TRUE(Transact(pool_, Isolation::kReadCommitted, [](Session& session) {
                return session.Run("UPDATE t SET n = 7").status();
              }).ok());
  EXPECT_EQ(Number("SELECT sum(n) FROM t"), 14);
}

TEST_F(TransactTest, RollsBackOnAnErrorAndPassesItOn) {
  int runs = 0;
  const absl::Status status =
      Transact(pool_, Isolation::kReadCommitted, [&](Session& session) -> absl::Status {
        ++runs;
        RETURN_IF_ERROR(session.Run("UPDATE t SET n = 7").status());
        return Error(Reason::kLastAdmin, "no");
      });
  EXPECT_TRUE(HasReason(status, Reason::kLastAdmin));
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(Number("SELECT sum(n) FROM t"), 0);
}

TEST_F(TransactTest, DoesNotReportACommitAfterAFailureThatTheBodySwallowed) {
  const absl::Status status =
      Transact(pool_, Isolation::kReadCommitted, [](Session& session) -> absl::Status {
        RETURN_IF_ERROR(session.Run("UPDATE t SET n = 7").status());
        session.Run("INSERT INTO t VALUES (1, 1)").status().IgnoreError();
        return absl::OkStatus();
      });
  EXPECT_TRUE(HasReason(status, Reason::kInternal));
  EXPECT_EQ(Number("SELECT sum(n) FROM t"), 0);
}

TEST_F(TransactTest, AFailureAtTheCommitItselfIsKnownToHaveChangedNothing) {
  ASSERT_TRUE((*pool_.Acquire())
                  ->Script("CREATE TABLE d (id int CONSTRAINT one_id UNIQUE DEFERRABLE INITIALLY DEFERRED)")
                  .ok());
  const absl::Status status = Transact(pool_, Isolation::kReadCommitted, [](Session& session) {
    return session.Run("INSERT INTO d VALUES (1), (1)").status();
  });
  EXPECT_TRUE(IsUniqueViolation(status, "one_id"));
  EXPECT_EQ(Number("SELECT count(*) FROM d"), 0);
}

TEST_F(TransactTest, RunsADeadlocksVictimAgain) {
  std::atomic<int> runs = 0;
  absl::Barrier* both_locked = new absl::Barrier(2);
  const auto cross = [&](int first, int second) {
    bool met = false;
    return Transact(pool_, Isolation::kReadCommitted, [&, first, second](Session& session) -> absl::Status {
      ++runs;
      RETURN_IF_ERROR(session.Run("UPDATE t SET n = n + 1 WHERE id = $1", Params::Of(first)).status());
      if (!std::exchange(met, true) && both_locked->Block()) delete both_locked;
      return session.Run("UPDATE t SET n = n + 1 WHERE id = $1", Params::Of(second)).status();
    });
  };
  absl::Status other;
  std::thread thread([&] { other = cross(2, 1); });
  EXPECT_TRUE(cross(1, 2).ok());
  thread.join();
  EXPECT_TRUE(other.ok()) << other;
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(Number("SELECT sum(n) FROM t"), 4);
}

TEST_F(TransactTest, GivesUpAfterFiveSerializationFailures) {
  int runs = 0;
  const absl::Status status =
      Transact(pool_, Isolation::kReadCommitted, [&](Session& session) -> absl::Status {
        ++runs;
        return session.Script("DO $$ BEGIN RAISE EXCEPTION 'rival' USING ERRCODE = '40001'; END $$");
      });
  EXPECT_TRUE(HasReason(status, Reason::kConflict));
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(runs, 5);
}

TEST_F(TransactTest, ASnapshotIsOfOneMomentAndWritesNothing) {
  EXPECT_TRUE(Transact(pool_, Isolation::kSnapshot, [&](Session& session) -> absl::Status {
                EXPECT_EQ(session.Run("SELECT sum(n) FROM t")->Int64(0, 0), 0);
                EXPECT_TRUE((*pool_.Acquire())->Run("UPDATE t SET n = 1").ok());
                EXPECT_EQ(session.Run("SELECT sum(n) FROM t")->Int64(0, 0), 0);
                return absl::OkStatus();
              }).ok());
  EXPECT_FALSE(Transact(pool_, Isolation::kSnapshot, [](Session& session) {
                 return session.Run("UPDATE t SET n = 9").status();
               }).ok());
  EXPECT_EQ(Number("SELECT sum(n) FROM t"), 2);
}

TEST_F(TransactTest, AConnectionLostBeforeTheCommitChangedNothing) {
  int runs = 0;
  const absl::Status status =
      Transact(pool_, Isolation::kReadCommitted, [&](Session& session) -> absl::Status {
        ++runs;
        RETURN_IF_ERROR(session.Run("UPDATE t SET n = 7").status());
        return session.Run("SELECT pg_terminate_backend(pg_backend_pid())").status();
      });
  EXPECT_TRUE(HasReason(status, Reason::kDatabaseUnavailable)) << status;
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(Number("SELECT sum(n) FROM t"), 0);
}

TEST_F(TransactTest, AConnectionLostInTheCommitLeavesTheOutcomeUnknown) {
  ASSERT_TRUE(
      (*pool_.Acquire())
          ->Script(
              "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
              "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NULL; END $$; "
              "CREATE CONSTRAINT TRIGGER at_commit AFTER UPDATE ON t DEFERRABLE INITIALLY DEFERRED "
              "FOR EACH ROW EXECUTE FUNCTION die()")
          .ok());
  const absl::Status status = Transact(pool_, Isolation::kReadCommitted, [](Session& session) {
    return session.Run("UPDATE t SET n = 7").status();
  });
  EXPECT_TRUE(HasReason(status, Reason::kOutcomeUnknown)) << status;
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
}

TEST_F(TransactTest, WorksAgainAfterTheServerWasRestarted) {
  const auto read = [&] {
    return Transact(pool_, Isolation::kSnapshot,
                    [](Session& session) { return session.Run("SELECT n FROM t").status(); });
  };
  ASSERT_TRUE(read().ok());
  harness::TestDatabase::Server().Stop();
  EXPECT_TRUE(HasReason(read(), Reason::kDatabaseUnavailable));
  ASSERT_TRUE(harness::TestDatabase::Server().Restart().ok());
  EXPECT_TRUE(read().ok());
}

}  // namespace
}  // namespace guestpass::postgres
