// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <utility>

#include "absl/strings/str_split.h"
#include "absl/synchronization/barrier.h"
#include "common/postgres/errors.h"
#include "common/postgres/transact.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "gtest/gtest.h"
#include "tests/harness/eventually.h"
#include "tests/harness/servers/test_database.h"

namespace guestpass::postgres {
namespace {

constexpr char kSet[] = "UPDATE t SET n = 7";
constexpr char kKill[] = "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(10)";

absl::Status Refuses(const Result&) { return Error(Reason::kLastAdmin, "no"); }
absl::Status Passes(const Result&) { return absl::OkStatus(); }

class TransactPipelinedTest : public testing::Test {
 protected:
  TransactPipelinedTest() : pool_(database_.options(1)), other_pool_(database_.options()) {
    Script("CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL); INSERT INTO t VALUES (1, 0), (2, 0)");
  }

  void Script(absl::string_view sql) { EXPECT_TRUE((*other_pool_.Acquire())->Script(sql).ok()); }
  int64_t Number(absl::string_view sql, const Params& params = {}) {
    return (*other_pool_.Acquire())->Run(sql, params)->Int64(0, 0);
  }
  int64_t Sum() { return Number("SELECT sum(n) FROM t"); }

  // How often the pool's only session waits for an answer while `body` is transacted; it was prepared before.
  int64_t RoundTrips(absl::FunctionRef<absl::Status(Pipeline&)> body) {
    TransactPipelined(pool_, body).IgnoreError();
    char* text = nullptr;
    size_t size = 0;
    std::FILE* trace = open_memstream(&text, &size);
    PQtrace((*pool_.Acquire())->connection(), trace);
    TransactPipelined(pool_, body).IgnoreError();
    PQuntrace((*pool_.Acquire())->connection());
    std::fclose(trace);
    const std::vector<absl::string_view> answers = absl::StrSplit(text, "ReadyForQuery");
    std::free(text);
    return static_cast<int64_t>(answers.size()) - 1;
  }

  harness::TestDatabase database_;
  Pool pool_;
  Pool other_pool_;
};

TEST_F(TransactPipelinedTest, CommitsWhatWasQueuedAndWhatWasRun) {
  EXPECT_TRUE(TransactPipelined(pool_, [](Pipeline& pipeline) -> absl::Status {
                pipeline.Add("UPDATE t SET n = 3 WHERE id = 1");
                pipeline.Add("SELECT n FROM t WHERE id = 1");
                ASSIGN_OR_RETURN(const std::vector<Result> results, pipeline.Run());
                EXPECT_EQ(results.size(), 2u);
                EXPECT_EQ(results.at(1).Int64(0, 0), 3);
                pipeline.Add("UPDATE t SET n = 4 WHERE id = 2");
                return absl::OkStatus();
              }).ok());
  EXPECT_EQ(Sum(), 7);
}

TEST_F(TransactPipelinedTest, BeginAndCommitTravelWithTheStatements) {
  const auto queues = [](Pipeline& pipeline) {
    pipeline.Add(kSet);
    pipeline.Add(kSet);
    return absl::OkStatus();
  };
  EXPECT_EQ(RoundTrips(queues), 1);
  EXPECT_EQ(RoundTrips([&](Pipeline& pipeline) {
              RETURN_IF_ERROR(queues(pipeline));
              RETURN_IF_ERROR(pipeline.Run().status());
              return queues(pipeline);
            }),
            2);
  EXPECT_EQ(RoundTrips([](Pipeline& pipeline) {
              pipeline.Add(kSet, {}, Passes);
              return absl::OkStatus();
            }),
            2);
}

TEST_F(TransactPipelinedTest, ABodyThatSendsNothingCostsNoRoundTrip) {
  EXPECT_TRUE(TransactPipelined(pool_, [](Pipeline&) { return absl::OkStatus(); }).ok());
  EXPECT_EQ(RoundTrips([](Pipeline& pipeline) { return pipeline.Run().status(); }), 0);
  EXPECT_EQ(RoundTrips([](Pipeline& pipeline) {
              pipeline.Add(kSet);
              return Error(Reason::kLastAdmin, "no");
            }),
            0);
  EXPECT_EQ(Sum(), 0);
}

TEST_F(TransactPipelinedTest, RollsBackOnAnErrorAndPassesItOn) {
  const int session = PQbackendPID((*pool_.Acquire())->connection());
  int runs = 0;
  const absl::Status status = TransactPipelined(pool_, [&](Pipeline& pipeline) -> absl::Status {
    ++runs;
    pipeline.Add(kSet);
    RETURN_IF_ERROR(pipeline.Run().status());
    return Error(Reason::kLastAdmin, "no");
  });
  EXPECT_TRUE(HasReason(status, Reason::kLastAdmin));
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(Sum(), 0);
  EXPECT_EQ(PQbackendPID((*pool_.Acquire())->connection()), session);
}

TEST_F(TransactPipelinedTest, ACheckThatFailsStopsTheCommit) {
  EXPECT_TRUE(HasReason(TransactPipelined(pool_,
                                          [](Pipeline& pipeline) {
                                            pipeline.Add(kSet, {}, Refuses);
                                            pipeline.Add(kSet);
                                            return absl::OkStatus();
                                          }),
                        Reason::kLastAdmin));
  EXPECT_EQ(Sum(), 0);
}

TEST_F(TransactPipelinedTest, DoesNotCommitAfterAFailureThatTheBodySwallowed) {
  const auto swallows = [&](absl::string_view sql, Params params, Pipeline::Check check) {
    return TransactPipelined(pool_, [&](Pipeline& pipeline) {
      pipeline.Add(kSet);
      pipeline.Add(sql, params, check);
      pipeline.Run().status().IgnoreError();
      pipeline.Add(kSet);
      return absl::OkStatus();
    });
  };
  EXPECT_TRUE(HasReason(swallows("INSERT INTO t VALUES (1, 1)", {}, nullptr), Reason::kInternal));
  EXPECT_TRUE(HasReason(swallows("SELECT 1", {}, Refuses), Reason::kInternal));
  EXPECT_TRUE(HasReason(swallows("SELECT FROM nowhere", {}, nullptr), Reason::kInternal));
  const Params nul = Params::Of(absl::string_view("\0", 1));
  EXPECT_TRUE(HasReason(swallows("SELECT $1::text", nul, nullptr), Reason::kInternal));
  EXPECT_EQ(Sum(), 0);
}

TEST_F(TransactPipelinedTest, AFailureBesideTheCommitIsKnownToHaveChangedNothing) {
  Script("CREATE TABLE d (id int CONSTRAINT one_id UNIQUE DEFERRABLE INITIALLY DEFERRED)");
  const auto once = [&](absl::string_view sql) {
    return TransactPipelined(pool_, [&](Pipeline& pipeline) {
      pipeline.Add(kSet);
      pipeline.Add(sql);
      return absl::OkStatus();
    });
  };
  EXPECT_TRUE(IsUniqueViolation(once("INSERT INTO d VALUES (1), (1)"), "one_id"));
  EXPECT_TRUE(IsUniqueViolation(once("INSERT INTO t VALUES (1, 1)"), "t_pkey"));
  EXPECT_EQ(Sum(), 0);
}

TEST_F(TransactPipelinedTest, RunsADeadlocksVictimAgain) {
  std::atomic<int> runs = 0;
  absl::Barrier* both_locked = new absl::Barrier(2);
  constexpr char kRaise[] = "UPDATE t SET n = n + 1 WHERE id = $1";
  const auto cross = [&](int first, int second) {
    bool met = false;
    return TransactPipelined(other_pool_, [&, first, second](Pipeline& pipeline) -> absl::Status {
      ++runs;
      pipeline.Add(kRaise, Params::Of(first));
      RETURN_IF_ERROR(pipeline.Run().status());
      if (!std::exchange(met, true) && both_locked->Block()) delete both_locked;
      pipeline.Add(kRaise, Params::Of(second));
      return absl::OkStatus();
    });
  };
  absl::Status other;
  std::thread thread([&] { other = cross(2, 1); });
  EXPECT_TRUE(cross(1, 2).ok());
  thread.join();
  EXPECT_TRUE(other.ok()) << other;
  EXPECT_EQ(runs, 3);
  EXPECT_EQ(Sum(), 4);
}

TEST_F(TransactPipelinedTest, GivesUpAfterFiveSerializationFailures) {
  int runs = 0;
  const absl::Status status = TransactPipelined(pool_, [&](Pipeline& pipeline) {
    ++runs;
    pipeline.Add("DO $$ BEGIN RAISE EXCEPTION 'rival' USING ERRCODE = '40001'; END $$");
    return absl::OkStatus();
  });
  EXPECT_TRUE(HasReason(status, Reason::kConflict));
  EXPECT_EQ(runs, 5);
}

TEST_F(TransactPipelinedTest, AConnectionThatIsDeadWhenFirstUsedIsReplaced) {
  for (const bool prepared : {false, true}) {
    int runs = 0;
    EXPECT_TRUE(TransactPipelined(pool_, [&](Pipeline& pipeline) {
                  const int64_t ours = Number(
                      "SELECT max(pid) FROM pg_stat_activity "
                      "WHERE datname = current_database() AND pid <> pg_backend_pid()");
                  if (++runs == 1) Number("SELECT pg_terminate_backend($1::int, 30000)", Params::Of(ours));
                  pipeline.Add("UPDATE t SET n = n + 1");
                  return absl::OkStatus();
                }).ok());
    EXPECT_EQ(runs, 2) << prepared;
  }
  EXPECT_EQ(Sum(), 4);
}

TEST_F(TransactPipelinedTest, AConnectionLostBeforeTheCommitChangedNothing) {
  for (const bool alone : {false, true}) {
    int runs = 0;
    const absl::Status status = TransactPipelined(pool_, [&](Pipeline& pipeline) {
      ++runs;
      pipeline.Add(kSet);
      pipeline.Add(kKill);
      return alone ? pipeline.Run().status() : absl::OkStatus();
    });
    EXPECT_TRUE(HasReason(status, Reason::kDatabaseUnavailable)) << status;
    EXPECT_EQ(runs, 1);
  }
  EXPECT_EQ(Sum(), 0);
}

TEST_F(TransactPipelinedTest, AConnectionLostInTheCommitLeavesTheOutcomeUnknown) {
  Script(
      "CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(10); RETURN NULL; END $$; "
      "CREATE CONSTRAINT TRIGGER at_commit AFTER UPDATE ON t DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION die()");
  for (const bool alone : {false, true}) {
    int runs = 0;
    const absl::Status status = TransactPipelined(pool_, [&](Pipeline& pipeline) {
      ++runs;
      pipeline.Add(kSet);
      return alone ? pipeline.Run().status() : absl::OkStatus();
    });
    EXPECT_TRUE(HasReason(status, Reason::kOutcomeUnknown)) << status;
    EXPECT_EQ(runs, 1);
  }
}

TEST_F(TransactPipelinedTest, AServerThatDiesWithTheCommitUnderWayLeavesTheOutcomeUnknown) {
  absl::StatusOr<Lease> rival = other_pool_.Acquire();
  ASSERT_TRUE((*rival)->Script("BEGIN; UPDATE t SET n = 5").ok());
  int runs = 0;
  absl::Status status;
  std::thread thread([&] {
    status = TransactPipelined(pool_, [&](Pipeline& pipeline) {
      ++runs;
      pipeline.Add(kSet);
      return absl::OkStatus();
    });
  });
  EXPECT_TRUE(harness::Eventually(absl::Seconds(5), [&] {
    return Number("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == 1;
  }));
  harness::TestDatabase::Server().Kill();
  thread.join();
  ASSERT_TRUE(harness::TestDatabase::Server().Restart().ok());
  EXPECT_TRUE(HasReason(status, Reason::kOutcomeUnknown)) << status;
  EXPECT_EQ(runs, 1);
}

TEST_F(TransactPipelinedTest, AServerThatIsGoneBeforeTheFirstUseChangedNothing) {
  const pid_t session = PQbackendPID((*pool_.Acquire())->connection());
  ASSERT_TRUE((*pool_.Acquire())->Prepare("BEGIN ISOLATION LEVEL READ COMMITTED").ok());
  for (const char* sql : {kSet, "COMMIT"}) ASSERT_TRUE((*pool_.Acquire())->Prepare(sql).ok());
  const absl::Status status = TransactPipelined(pool_, [&](Pipeline& pipeline) {
    kill(session, SIGKILL);  // so that it cannot say that it ends
    EXPECT_TRUE(harness::Eventually(absl::Seconds(5), [&] { return kill(session, 0) != 0; }));
    harness::TestDatabase::Server().Kill();
    pipeline.Add(kSet);
    return absl::OkStatus();
  });
  ASSERT_TRUE(harness::TestDatabase::Server().Restart().ok());
  EXPECT_TRUE(HasReason(status, Reason::kDatabaseUnavailable)) << status;
  EXPECT_EQ(Sum(), 0);
}

}  // namespace
}  // namespace guestpass::postgres
