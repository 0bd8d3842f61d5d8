// SPDX-License-Identifier: Apache-2.0
#include "services/membership/testing/upkeep_rows.h"

#include <thread>

#include "absl/strings/substitute.h"
#include "gtest/gtest.h"
#include "services/membership/storage/postgres/membership_migrations.h"

namespace guestpass::membership {
namespace {

constexpr char kSetUp[] = R"sql(
  CREATE FUNCTION test_id(kind text, i bigint) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$SELECT rpad(kind || translate(i::text, '0189', 'abef'), 26, kind)$$;
  INSERT INTO organizations VALUES (test_id('o', 1), 7, 'organization', 0), (test_id('o', 2), 8, 'another', 0);
)sql";

// $0 is its number, $1 how many members, $2 whether it is deleted.
constexpr char kWorkspace[] = R"sql(
  INSERT INTO workspaces (id, organization, shard, display_name, grace_us, deleted, create_us)
    VALUES (test_id('w', $0), test_id('o', 1), 7, 'workspace', 0, $2, 0);
  INSERT INTO channels (id, workspace, kind, display_name, create_us)
    SELECT test_id('h', 10 * $0 + i), test_id('w', $0), 'PRIVATE', 'channel', 0 FROM generate_series(0, 1) i;
  INSERT INTO members (workspace, user_id, shard, role, address, recorded_state, grants, create_us)
    SELECT test_id('w', $0), test_id('u', i), 7, 'MEMBER', 'user' || i || '@example.com', 'ACTIVE', '{}', 0
    FROM generate_series(1, $1) i;
  INSERT INTO participants SELECT test_id('h', 10 * $0), test_id('u', i), test_id('w', $0)
    FROM generate_series(1, $1) i;
  INSERT INTO participants VALUES (test_id('h', 10 * $0 + 1), test_id('u', 0), test_id('w', $0));
)sql";

// $0 is the shard, $1 how many, $2 how many microseconds ago.
constexpr char kLog[] = R"sql(
  INSERT INTO rights_log (shard, n, kind, key, state, record_us, effective_us)
    SELECT h.shard, h.n + i, 'PARTICIPANT', test_id('h', 1) || '/' || test_id('u', i), '{"present": true}',
           now_us() - $2, 0
    FROM rights_heads h, generate_series(1, $1) i WHERE h.shard = $0;
  UPDATE rights_heads SET n = n + $1 WHERE shard = $0;
)sql";

// $0 is how many.
constexpr char kKeysAndAnswers[] = R"sql(
  INSERT INTO join_keys (join_key, outcome, decided_us, keep_until_us)
    SELECT 'over-' || i, 'CANCELLED', 0, now_us() - i FROM generate_series(0, $0 - 1) i
    UNION ALL SELECT 'kept-' || i, 'CANCELLED', 0, now_us() + 600000000 + i FROM generate_series(1, $0) i;
  INSERT INTO request_answers
      (caller, method, request_id, request_hash, answer, epoch, shard, n, record_us, keep_until_us)
    SELECT 'caller', 'method', 'over-' || i, '', ''::bytea, '', 7, 0, 0, now_us() - i FROM generate_series(0, $0 - 1) i
    UNION ALL SELECT 'caller', 'method', 'kept-' || i, '', ''::bytea, '', 7, 0, 0, now_us() + 600000000 + i
    FROM generate_series(1, $0) i;
)sql";

}  // namespace

UpkeepRows::UpkeepRows() : database(MembershipMigrations()), pool(database.options()) { Run(kSetUp); }

void UpkeepRows::AddWorkspace(int i, int members, bool deleted) {
  Run(absl::Substitute(kWorkspace, i, members, deleted));
}

void UpkeepRows::AddLog(uint32_t shard, int entries, absl::Duration ago) {
  Run(absl::Substitute(kLog, shard, entries, absl::ToInt64Microseconds(ago)));
}

void UpkeepRows::AddKeysAndAnswers(int each) { Run(absl::Substitute(kKeysAndAnswers, each)); }

void UpkeepRows::Run(absl::string_view sql) {
  const absl::Status status = NewSession()->Script(sql);
  ASSERT_TRUE(status.ok()) << status << sql;
}

int64_t UpkeepRows::Count(absl::string_view sql) {
  const auto result = NewSession()->Run(sql);
  EXPECT_TRUE(result.ok()) << result.status() << sql;
  return result.ok() ? result->Int64(0, 0) : -1;
}

std::unique_ptr<postgres::Session> UpkeepRows::NewSession() const {
  auto session =
      postgres::Session::Connect({.conninfo = database.conninfo(), .statement_timeout = absl::Seconds(60)});
  EXPECT_TRUE(session.ok()) << session.status();
  return *std::move(session);
}

void UpkeepRows::AwaitWaiters(int64_t count) {
  const auto session = NewSession();
  const char kWaiting[] =
      "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  while (session->Run(kWaiting)->Int64(0, 0) < count) std::this_thread::yield();
}

void UpkeepRows::ForgetStatistics() {
  const auto session = NewSession();
  const char kOthers[] =
      "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
      "backend_type = 'client backend' AND pid <> pg_backend_pid()";
  while (session->Run(kOthers)->Int64(0, 0) > 0) std::this_thread::yield();
  ASSERT_TRUE(session->Script("SELECT pg_stat_force_next_flush()").ok());
  ASSERT_TRUE(session->Script("SELECT pg_stat_reset()").ok());
}

}  // namespace guestpass::membership
