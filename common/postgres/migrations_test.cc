// SPDX-License-Identifier: Apache-2.0
#include "common/postgres/migrations.h"

#include <thread>

#include "common/postgres/example_migrations.h"
#include "common/status/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/harness/servers/test_database.h"

namespace guestpass::postgres {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class MigrationsTest : public testing::Test {
 protected:
  MigrationsTest() : session_(Connect()) {}

  std::unique_ptr<Session> Connect() { return *Session::Connect({.conninfo = database_.conninfo()}); }

  harness::TestDatabase database_;
  std::unique_ptr<Session> session_;
  const std::vector<Migration> both_ = ExampleMigrations();
  const std::vector<Migration> first_ = {both_[0]};
};

TEST_F(MigrationsTest, FilesAreEmbeddedAsTheyAre) {
  ASSERT_EQ(both_.size(), 2u);
  EXPECT_EQ(both_[0].number, 1);
  EXPECT_EQ(both_[0].name, "tables");
  EXPECT_THAT(both_[0].sql, HasSubstr("DEFAULT 'a \"quoted\" \\ note; %s $1'\n);\n"));
  EXPECT_EQ(both_[1].number, 2);
  EXPECT_EQ(both_[1].name, "index");
}

TEST_F(MigrationsTest, UpAppliesWhatIsMissingOnce) {
  EXPECT_THAT(*Migrations("membership", first_).Up(*session_), ElementsAre(1));
  EXPECT_THAT(*Migrations("membership", both_).Up(*session_), ElementsAre(2));
  EXPECT_THAT(*Migrations("membership", both_).Up(*session_), IsEmpty());
  EXPECT_TRUE(Migrations("membership", both_).Check(*session_).ok());
  EXPECT_TRUE(session_->Run("INSERT INTO things (id) VALUES ('a')").ok());
}

TEST_F(MigrationsTest, AnUnmigratedDatabaseIsRefusedByNamingTheCommand) {
  const absl::Status status = Migrations("membership", first_).Check(*session_);
  EXPECT_TRUE(HasReason(status, Reason::kSchemaOutOfDate));
  EXPECT_EQ(status.message(),
            "Membership's database is at schema 0, this program needs 1 to 1. Run: membership migrate up");
}

TEST_F(MigrationsTest, AProgramMayServeFromAnOlderSchemaThatItStillKnows) {
  ASSERT_TRUE(Migrations("membership", first_).Up(*session_).ok());
  EXPECT_FALSE(Migrations("membership", both_).Check(*session_).ok());
  EXPECT_TRUE(Migrations("membership", both_, /*oldest=*/1).Check(*session_).ok());
}

TEST_F(MigrationsTest, ATooNewSchemaIsRefused) {
  ASSERT_TRUE(Migrations("membership", both_).Up(*session_).ok());
  const Migrations older("membership", first_);
  EXPECT_TRUE(HasReason(older.Check(*session_), Reason::kSchemaOutOfDate));
  EXPECT_THAT(std::string(older.Check(*session_).message()), HasSubstr("install the newer one"));
  EXPECT_FALSE(older.Up(*session_).ok());
}

TEST_F(MigrationsTest, AMigrationEditedAfterItWasAppliedIsRefused) {
  ASSERT_TRUE(Migrations("membership", first_).Up(*session_).ok());
  std::vector<Migration> edited = both_;
  edited[0].sql += "-- edited";
  const absl::Status status = Migrations("membership", edited).Up(*session_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("0001_tables.sql"));
  EXPECT_EQ(session_->Run("SELECT count(*) FROM schema_migrations")->Int64(0, 0), 1);
}

TEST_F(MigrationsTest, AFailedOneLeavesNothingAndTheOnesBeforeItStay) {
  std::vector<Migration> failing = first_;
  failing.push_back({2, "fails", "CREATE TABLE half (id int); SELECT 1 / 0;"});
  const absl::Status status = Migrations("membership", failing).Up(*session_).status();
  EXPECT_THAT(std::string(status.message()), HasSubstr("Migration 2 (fails) failed"));
  EXPECT_EQ(session_->Run("SELECT count(*) FROM schema_migrations")->Int64(0, 0), 1);
  EXPECT_TRUE(session_->Run("SELECT to_regclass('half')")->IsNull(0, 0));
  EXPECT_THAT(*Migrations("membership", both_).Up(*session_), ElementsAre(2));
}

TEST_F(MigrationsTest, TwoAtOnceApplyEachOnce) {
  const Migrations migrations("membership", both_);
  const auto other = Connect();
  absl::StatusOr<std::vector<int>> theirs;
  std::thread thread([&] { theirs = migrations.Up(*other); });
  const absl::StatusOr<std::vector<int>> ours = migrations.Up(*session_);
  thread.join();
  ASSERT_TRUE(ours.ok() && theirs.ok());
  EXPECT_EQ(ours->size() + theirs->size(), 2u);
  EXPECT_TRUE(migrations.Check(*session_).ok());
}

TEST_F(MigrationsTest, TheCommandShowsRunsAndRefuses) {
  const Migrations migrations("membership", both_);
  EXPECT_THAT(*migrations.Command(database_.conninfo(), "--dry-run"),
              HasSubstr("-- 0001_tables\n-- 0001_tables.sql:"));
  EXPECT_EQ(*migrations.Command(database_.conninfo(), "status"),
            "0001_tables  pending\n0002_index  pending\n");
  EXPECT_EQ(*migrations.Command(database_.conninfo(), "up"), "Applied 1, 2.\n");
  EXPECT_EQ(*migrations.Command(database_.conninfo(), "up"), "Nothing to do: schema 2.\n");
  EXPECT_THAT(*migrations.Command(database_.conninfo(), "status"), HasSubstr("0002_index  applied 20"));
  EXPECT_EQ(*migrations.Command(database_.conninfo(), "--dry-run"), "-- nothing to do\n");
  EXPECT_EQ(migrations.Command(database_.conninfo(), "down").status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(MigrationsTest, ServingNeedsADatabaseThatKeepsWhatItConfirms) {
  EXPECT_THAT(std::string(CheckDurability(*session_).message()), HasSubstr("fsync = off"));
  const auto durable = harness::PrivatePostgres::Start({.durable = true});
  ASSERT_TRUE(durable.ok()) << durable.status();
  const auto session = Session::Connect({.conninfo = (*durable)->conninfo()});
  EXPECT_TRUE(CheckDurability(**session).ok());
  for (const char* setting : {"off", "local", "remote_write"}) {
    ASSERT_TRUE((*session)->Script(absl::StrCat("SET synchronous_commit = ", setting)).ok());
    EXPECT_THAT(std::string(CheckDurability(**session).message()), HasSubstr(setting));
  }
}

}  // namespace
}  // namespace guestpass::postgres
