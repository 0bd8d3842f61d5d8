// SPDX-License-Identifier: Apache-2.0
#include "common/postgres/pipeline.h"

#include <csignal>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/postgres/errors.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "tests/harness/eventually.h"
#include "tests/harness/servers/test_database.h"

namespace guestpass::postgres {
namespace {

class PipelineTest : public testing::Test {
 protected:
  PipelineTest() : session_(Connect()), pipeline_(*session_) {
    EXPECT_TRUE(session_
                    ->Script("CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL, mail text CONSTRAINT "
                             "one_mail UNIQUE); INSERT INTO t VALUES (1, 0, 'a'); CREATE SEQUENCE s")
                    .ok());
  }

  std::unique_ptr<Session> Connect(absl::Duration statement_timeout = absl::Seconds(5)) {
    return *Session::Connect({.conninfo = database_.conninfo(), .statement_timeout = statement_timeout});
  }

  // How often the sequence was asked: that is not undone with a transaction.
  int64_t Asked() {
    return session_->Run("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM s")->Int64(0, 0);
  }

  harness::TestDatabase database_;
  std::unique_ptr<Session> session_;
  Pipeline pipeline_;
};

TEST_F(PipelineTest, ResultsComeInTheOrderOfTheirStatements) {
  for (int i = 0; i < 3; ++i) pipeline_.Add("SELECT $1::bigint, nextval('s')", Params::Of(10 * i));
  EXPECT_FALSE(pipeline_.sent());
  EXPECT_EQ(Asked(), 0);
  const auto results = pipeline_.Run();
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_TRUE(pipeline_.sent());
  ASSERT_EQ(results->size(), 3u);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ((*results)[i].Int64(0, 0), 10 * i);
    EXPECT_EQ((*results)[i].Int64(0, 1), i + 1);
  }
  EXPECT_TRUE(pipeline_.Run()->empty());
}

TEST_F(PipelineTest, RowsOfOneStatementGoTogetherInThePlaceOfTheFirst) {
  const char kInsert[] =
      "INSERT INTO t (id, n, mail) SELECT id, nextval('s'), mail "
      "FROM unnest($1::int[], $2::text[]) AS q (id, mail)";
  pipeline_.AddRow(kInsert, Params::Of(11, std::optional<std::string>()));
  pipeline_.Add("SELECT count(*) FROM t WHERE id > 10");
  Statements others;
  others.Add("SELECT nextval('s')");
  others.AddRow(kInsert, Params::Of(12, "b"));
  pipeline_.Append(others);
  const auto results = pipeline_.Run();
  ASSERT_TRUE(results.ok()) << results.status();
  ASSERT_EQ(results->size(), 3u);
  EXPECT_EQ(results->at(0).affected(), 2);
  EXPECT_EQ(results->at(1).Int64(0, 0), 2);
  EXPECT_EQ(results->at(2).Int64(0, 0), 3);
  pipeline_.AddRow(kInsert, Params::Of(13, absl::string_view("a\0b", 3)));
  EXPECT_TRUE(HasReason(pipeline_.Run().status(), Reason::kFieldInvalid));
  pipeline_.AddRow(kInsert, Params::Of(14, "c"));
  EXPECT_EQ(pipeline_.Run()->at(0).affected(), 1) << "what was queued before is gone";
}

TEST_F(PipelineTest, WhatStandsBehindAFailedStatementDoesNotRun) {
  pipeline_.Add("SELECT nextval('s')");
  pipeline_.Add("SELECT 1 / $1::int", Params::Of(0));
  pipeline_.Add("SELECT nextval('s')");
  EXPECT_EQ(SqlState(pipeline_.Run().status()), "22012");
  EXPECT_FALSE(session_->broken());
  EXPECT_EQ(Asked(), 1);
  pipeline_.Add("SELECT nextval('s')");
  EXPECT_EQ(pipeline_.Run()->at(0).Int64(0, 0), 2);
}

TEST_F(PipelineTest, OutsideATransactionOneRunIsOne) {
  pipeline_.Add("UPDATE t SET n = 7");
  pipeline_.Add("SELECT 1 / $1::int", Params::Of(0));
  EXPECT_FALSE(pipeline_.Run().ok());
  EXPECT_EQ(Connect()->Run("SELECT n FROM t")->Int64(0, 0), 0);
}

TEST_F(PipelineTest, AUniqueViolationNamesItsConstraint) {
  pipeline_.Add("UPDATE t SET n = 7");
  pipeline_.Add("INSERT INTO t VALUES (2, 0, 'a')");
  EXPECT_TRUE(IsUniqueViolation(pipeline_.Run().status(), "one_mail"));
}

TEST_F(PipelineTest, AStatementThatCannotBePreparedLetsNoneRun) {
  pipeline_.Add("SELECT nextval('s')");
  pipeline_.Add("SELECT FROM nowhere");
  EXPECT_EQ(SqlState(pipeline_.Run().status()), "42P01");
  EXPECT_FALSE(pipeline_.sent());
  EXPECT_EQ(Asked(), 0);
}

TEST_F(PipelineTest, TheFirstErrorCountsOfStatementsAndChecks) {
  int seen = 0;
  const auto passes = [&](const Result& result) {
    seen = static_cast<int>(result.Int64(0, 0));
    return absl::OkStatus();
  };
  const auto refuses = [](const Result&) { return Error(Reason::kLastAdmin, "no"); };
  pipeline_.Add("SELECT nextval('s')", {}, passes);
  pipeline_.Add("SELECT nextval('s')", {}, refuses);
  pipeline_.Add("SELECT nextval('s')", {}, passes);
  pipeline_.Add("SELECT 1 / $1::int", Params::Of(0));
  EXPECT_TRUE(HasReason(pipeline_.Run().status(), Reason::kLastAdmin));
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(Asked(), 3);
  pipeline_.Add("SELECT 1 / $1::int", Params::Of(0));
  pipeline_.Add("SELECT nextval('s')", {}, refuses);
  EXPECT_EQ(SqlState(pipeline_.Run().status()), "22012");
}

TEST_F(PipelineTest, ATextWithANulIsRefusedAndNothingIsSent) {
  pipeline_.Add("SELECT nextval('s')");
  pipeline_.Add("SELECT $1::text", Params::Of(absl::string_view("a\0b", 3)));
  EXPECT_TRUE(HasReason(pipeline_.Run().status(), Reason::kFieldInvalid));
  EXPECT_FALSE(pipeline_.sent());
  EXPECT_EQ(Asked(), 0);
}

// What the lists of locks rest upon: lock in one statement, read in the next.
TEST_F(PipelineTest, WhatFollowsAWaitForALockSeesWhatItsHolderCommitted) {
  const auto rival = Connect();
  ASSERT_TRUE(rival->Script("BEGIN; UPDATE t SET n = 5; INSERT INTO t VALUES (2, 6, 'b')").ok());
  absl::StatusOr<std::vector<Result>> results = absl::UnknownError("not run");
  std::thread thread([&] {
    ASSERT_TRUE(session_->Script("BEGIN ISOLATION LEVEL READ COMMITTED").ok());
    pipeline_.Add("SELECT sum(n) FROM t");
    pipeline_.Add("SELECT FROM t WHERE id = 1 FOR UPDATE");
    pipeline_.Add("SELECT sum(n) FROM t");
    results = pipeline_.Run();
  });
  const auto observer = Connect();
  EXPECT_TRUE(harness::Eventually(absl::Seconds(5), [&] {
    return observer
               ->Run(
                   "SELECT count(*) FROM pg_stat_activity "
                   "WHERE datname = current_database() AND wait_event_type = 'Lock'")
               ->Int64(0, 0) == 1;
  }));
  ASSERT_TRUE(rival->Script("COMMIT").ok());
  thread.join();
  ASSERT_TRUE(results.ok()) << results.status();
  EXPECT_EQ((*results)[0].Int64(0, 0), 0);
  EXPECT_EQ((*results)[2].Int64(0, 0), 11);
}

TEST_F(PipelineTest, ManyLargeResultsDoNotBlockIt) {
  for (int i = 0; i < 5000; ++i) {
    pipeline_.Add("SELECT $1::bigint, repeat('x', 4096)", Params::Of(i));
  }
  const auto results = pipeline_.Run();
  ASSERT_TRUE(results.ok()) << results.status();
  ASSERT_EQ(results->size(), 5000u);
  for (int i = 0; i < 5000; ++i) {
    ASSERT_EQ((*results)[i].Int64(0, 0), i);
    ASSERT_EQ((*results)[i].Text(0, 1).size(), 4096u);
  }
}

TEST_F(PipelineTest, MuchThatIsSentAndComesBackDoesNotBlockIt) {
  const std::string large(1 << 20, 'x');
  for (int i = 0; i < 20; ++i) pipeline_.Add("SELECT $1::text", Params::Of(absl::StrCat(i, large)));
  const auto results = pipeline_.Run();
  ASSERT_TRUE(results.ok()) << results.status();
  ASSERT_EQ(results->size(), 20u);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE((*results)[i].Text(0, 0) == absl::StrCat(i, large)) << i;
  pipeline_.Add("SELECT length($1)", Params::Of(std::string(20 << 20, 'y')));
  EXPECT_EQ(pipeline_.Run()->at(0).Int64(0, 0), 20 << 20);
}

TEST_F(PipelineTest, ADatabaseThatHangsIsGivenUpWhileMuchIsSentToIt) {
  const auto session = Connect(absl::Milliseconds(50));
  const auto backend = static_cast<pid_t>(session->Run("SELECT pg_backend_pid()")->Int64(0, 0));
  ASSERT_TRUE(session->Prepare("SELECT length($1)").ok());
  Pipeline pipeline(*session);
  for (int i = 0; i < 2; ++i) pipeline.Add("SELECT length($1)", Params::Of(std::string(10 << 20, 'y')));
  ASSERT_EQ(kill(backend, SIGSTOP), 0);
  const absl::Status status = pipeline.Run().status();
  kill(backend, SIGCONT);
  EXPECT_TRUE(HasReason(status, Reason::kDatabaseUnavailable));
  EXPECT_TRUE(session->broken());
  pipeline.Add("SELECT length($1)", Params::Of("y"));
  EXPECT_TRUE(HasReason(pipeline.Run().status(), Reason::kDatabaseUnavailable));
}

TEST_F(PipelineTest, EachStatementHasATimeOfItsOwn) {
  const auto session = Connect(absl::Seconds(1));
  Pipeline pipeline(*session);
  for (int i = 0; i < 3; ++i) pipeline.Add("SELECT pg_sleep(0.75)");
  EXPECT_TRUE(pipeline.Run().ok());
  pipeline.Add("SELECT pg_sleep(0)");
  pipeline.Add("SELECT pg_sleep(60)");
  EXPECT_EQ(SqlState(pipeline.Run().status()), "57014");
  EXPECT_FALSE(session->broken());
}

TEST_F(PipelineTest, WhatWasPreparedForAnotherSchemaBreaksTheSession) {
  ASSERT_TRUE(session_->Run("SELECT * FROM t").ok());
  ASSERT_TRUE(Connect()->Script("ALTER TABLE t ADD COLUMN more int").ok());
  pipeline_.Add("SELECT * FROM t");
  EXPECT_EQ(SqlState(pipeline_.Run().status()), "0A000");
  EXPECT_TRUE(session_->broken());
}

TEST_F(PipelineTest, ACopyIsRefusedAndDoesNotHang) {
  pipeline_.Add("COPY t FROM STDIN");
  EXPECT_FALSE(pipeline_.Run().ok());
  EXPECT_TRUE(session_->broken());
}

}  // namespace
}  // namespace guestpass::postgres
