// SPDX-License-Identifier: Apache-2.0
#include "common/postgres/session.h"

#include <csignal>

#include "common/postgres/errors.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/harness/servers/test_database.h"

namespace guestpass::postgres {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SessionTest : public testing::Test {
 protected:
  std::unique_ptr<Session> Connect(absl::Duration statement_timeout = absl::Seconds(5)) {
    return *Session::Connect({.conninfo = database_.conninfo(), .statement_timeout = statement_timeout});
  }

  harness::TestDatabase database_;
};

TEST_F(SessionTest, AStatementIsPreparedOnceHoweverItsTextCame) {
  const auto session = Connect();
  for (int i = 0; i < 3; ++i) {
    const std::string sql = "SELECT $1::bigint + 1";
    EXPECT_EQ(session->Run(sql, Params::Of(i))->Int64(0, 0), i + 1);
  }
  EXPECT_EQ(
      session->Run("SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT $1::bigint + 1'")
          ->Int64(0, 0),
      1);
}

TEST_F(SessionTest, SetsWhatEverySessionNeeds) {
  const auto session = Connect(absl::Milliseconds(1234));
  const auto setting = [&](const char* name) {
    return std::string(session->Run("SELECT current_setting($1)", Params::Of(name))->Text(0, 0));
  };
  EXPECT_EQ(setting("statement_timeout"), "1234ms");
  EXPECT_EQ(setting("idle_in_transaction_session_timeout"), "30s");
  EXPECT_EQ(setting("timezone"), "UTC");
  EXPECT_EQ(setting("client_encoding"), "UTF8");
  EXPECT_EQ(setting("application_name"), "guestpass");
}

TEST_F(SessionTest, AFailureSaysNothingInternalAndLeavesTheSessionUsable) {
  const auto session = Connect();
  const absl::Status status = session->Run("SELECT secret_column FROM secret_table").status();
  EXPECT_TRUE(HasReason(status, Reason::kInternal));
  EXPECT_EQ(SqlState(status), "42P01");
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("secret")));
  EXPECT_FALSE(session->broken());
  EXPECT_TRUE(session->Run("SELECT 1").ok());
}

TEST_F(SessionTest, AUniqueViolationNamesItsConstraint) {
  const auto session = Connect();
  ASSERT_TRUE(session
                  ->Script("CREATE TABLE t (id int PRIMARY KEY, mail text CONSTRAINT one_mail UNIQUE);"
                           "INSERT INTO t VALUES (1, 'a')")
                  .ok());
  const absl::Status mail = session->Run("INSERT INTO t VALUES (2, 'a')").status();
  EXPECT_TRUE(IsUniqueViolation(mail, "one_mail"));
  EXPECT_FALSE(IsUniqueViolation(mail, "t_pkey"));
  EXPECT_TRUE(IsUniqueViolation(session->Run("INSERT INTO t VALUES (1, 'b')").status(), "t_pkey"));
  EXPECT_FALSE(IsUniqueViolation(absl::OkStatus(), "one_mail"));
  EXPECT_FALSE(IsUniqueViolation(absl::InternalError("other"), "one_mail"));
}

TEST_F(SessionTest, AStatementThatTakesTooLongIsEnded) {
  const auto session = Connect(absl::Milliseconds(50));
  const absl::Status status = session->Run("SELECT pg_sleep(60)").status();
  EXPECT_TRUE(HasReason(status, Reason::kDatabaseUnavailable));
  EXPECT_EQ(SqlState(status), "57014");
  EXPECT_FALSE(session->broken());
}

TEST_F(SessionTest, ADatabaseThatHangsIsGivenUp) {
  const auto session = Connect(absl::Milliseconds(50));
  const auto backend = static_cast<pid_t>(session->Run("SELECT pg_backend_pid()")->Int64(0, 0));
  ASSERT_EQ(kill(backend, SIGSTOP), 0);
  const absl::Status status = session->Run("SELECT 1").status();
  kill(backend, SIGCONT);
  EXPECT_TRUE(HasReason(status, Reason::kDatabaseUnavailable));
  EXPECT_TRUE(HasReason(session->Run("SELECT 2").status(), Reason::kDatabaseUnavailable));
  EXPECT_TRUE(session->broken());
}

TEST_F(SessionTest, ALockThatIsTakenIsOverload) {
  const auto holder = Connect();
  const auto session = Connect();
  ASSERT_TRUE(holder->Script("CREATE TABLE t (id int)").ok());
  ASSERT_TRUE(holder->Script("BEGIN; LOCK t").ok());
  EXPECT_TRUE(HasReason(session->Script("BEGIN; LOCK t NOWAIT"), Reason::kOverloaded));
}

TEST_F(SessionTest, WhatItPreparedForAnotherSchemaBreaksIt) {
  const auto session = Connect();
  ASSERT_TRUE(session->Script("CREATE TABLE t (id int)").ok());
  ASSERT_TRUE(session->Run("SELECT * FROM t").ok());
  ASSERT_TRUE(Connect()->Script("ALTER TABLE t ADD COLUMN more int").ok());
  EXPECT_EQ(SqlState(session->Run("SELECT * FROM t").status()), "0A000");
  EXPECT_TRUE(session->broken());
}

TEST_F(SessionTest, AScriptStopsAtItsFirstFailure) {
  const auto session = Connect();
  EXPECT_EQ(SqlState(session->Script("CREATE TABLE t (id int); SELECT 1 / 0; CREATE TABLE u (id int)")),
            "22012");
  EXPECT_EQ(session->Run("SELECT count(*) FROM pg_tables WHERE tablename IN ('t', 'u')")->Int64(0, 0), 0);
}

TEST_F(SessionTest, ACopyIsRefusedAndDoesNotHang) {
  const auto session = Connect();
  EXPECT_FALSE(session->Script("CREATE TABLE t (id int); COPY t FROM STDIN").ok());
  EXPECT_TRUE(session->broken());
}

TEST_F(SessionTest, AnUnreachableDatabaseSaysNothingOfWhereItIs) {
  const absl::Status status =
      Session::Connect({.conninfo = "host=/nonexistent/secret-host dbname=x user=y"}).status();
  EXPECT_TRUE(HasReason(status, Reason::kDatabaseUnavailable));
  EXPECT_EQ(status.message(), "The database does not answer. Try again.");
}

TEST(Conninfo, IsJudgedWithoutShowingIt) {
  EXPECT_TRUE(CheckConninfo("host=/tmp dbname=x").ok());
  EXPECT_TRUE(CheckConninfo("postgresql://u:p@h1,h2/x?target_session_attrs=read-write").ok());
  const absl::Status status = CheckConninfo("hostess=h password=hunter2");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace guestpass::postgres
