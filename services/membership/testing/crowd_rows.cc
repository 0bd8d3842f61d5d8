// SPDX-License-Identifier: Apache-2.0
#include "services/membership/testing/crowd_rows.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace guestpass::membership {
namespace {

using postgres::Params;

constexpr int kWorkspacesAtOnce = 500;

// Nothing checks foreign keys while the tables are filled.
constexpr char kPrepare[] = R"sql(
  SET session_replication_role = replica;
  SET synchronous_commit = off;
  UPDATE rights_heads SET n = 1000000, audit_n = 1000000;
  CREATE FUNCTION id(kind text, i bigint) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$SELECT translate(left(md5(kind || i), 26), '0189', 'zyxv')$$
)sql";

constexpr char kOrganizations[] = R"sql(
  WITH made AS (INSERT INTO organizations
                SELECT id('o', i), i % 256, 'Organization', 1 FROM generate_series($1::bigint, $2::bigint) i)
  INSERT INTO organization_members
  SELECT id('o', i), id('owner', i), 'OWNER' FROM generate_series($1::bigint, $2::bigint) i
)sql";

constexpr char kWorkspaces[] = R"sql(
  WITH made AS (INSERT INTO workspaces (id, organization, shard, display_name, grace_us, deleted, create_us)
                SELECT id('w', i), id('o', i / 10), i / 10 % 256, 'Workspace', 0, i % 100 IN (8, 9), 1
                FROM generate_series($1::bigint, $2::bigint) i)
  INSERT INTO channels (id, workspace, kind, display_name, create_us)
  SELECT id(kind, i), id('w', i), left(kind, -1), 'Channel', 1
  FROM generate_series($1::bigint, $2::bigint) i, unnest('{PUBLIC1,PUBLIC2,PRIVATE1,PRIVATE2}'::text[]) kind
)sql";

constexpr char kMembers[] = R"sql(
  INSERT INTO members (workspace, user_id, shard, role, address, expire_us, access_end_us, recorded_state, grants,
                       sponsor, create_us)
  SELECT id('w', i), CASE j WHEN 1 THEN id('everywhere', 0) ELSE id('u', i * 1000000 + j) END, i / 10 % 256, role,
         'a' || i * 1000000 + j, CASE role WHEN 'GUEST' THEN CASE i % 10 WHEN 5 THEN j ELSE 9e15 END END,
         CASE role WHEN 'GUEST' THEN 9e15 END, 'ACTIVE',
         CASE WHEN role <> 'GUEST' THEN '{}' WHEN j % 20 = 9 THEN array[id('PUBLIC1', i)]
              ELSE array[id('PRIVATE1', i), id('PUBLIC1', i)] END,
         CASE role WHEN 'GUEST' THEN id('u', i * 1000000) END, 1
  FROM generate_series($1::bigint, $2::bigint) i, generate_series($3::bigint, $4::bigint) j,
  LATERAL (SELECT CASE j % 10 WHEN 0 THEN 'ADMIN' WHEN 8 THEN 'VIEWER' WHEN 9 THEN 'GUEST' ELSE 'MEMBER' END) r (role)
)sql";

constexpr char kParticipants[] = R"sql(
  INSERT INTO participants
  SELECT id('PRIVATE1', i), id('u', i * 1000000 + j), id('w', i)
  FROM generate_series($1::bigint, $2::bigint) i, generate_series($3::bigint, $4::bigint) j
  WHERE j % 2 = 0 AND i % 100 <> 8
)sql";

constexpr char kConversations[] = R"sql(
  WITH made AS (INSERT INTO channels (id, workspace, kind, display_name, create_us, direct_key)
                SELECT id('d', i), id('w', 0), 'DIRECT', '', 1, 'd' || i FROM generate_series($1::bigint, $2::bigint) i)
  INSERT INTO participants
  SELECT id('d', i), id('u', j), id('w', 0) FROM generate_series($1::bigint, $2::bigint) i, unnest(array[i % 500, i + 1000]) j
)sql";

constexpr char kParts[] = R"sql(
  WITH made AS (INSERT INTO channels (id, workspace, kind, display_name, create_us)
                SELECT id('part', i * 1000000 + j), id('w', i), 'PRIVATE', 'Channel', 1
                FROM generate_series($1::bigint, $2::bigint) i, generate_series(1, $3::bigint) j
                RETURNING id, workspace)
  INSERT INTO participants SELECT id, id('busy', 0), workspace FROM made
)sql";

constexpr char kLogs[] = R"sql(
  WITH audit AS (
    INSERT INTO audit_entries
    SELECT i % 256, i, id('o', i / 500), id('w', i / 500 * 10), id('u', i), NULL, false, 'action', 'target', NULL,
           NULL, 1, 1, 'request'
    FROM generate_series($1::bigint, $2::bigint) i
  ), removed AS (
    INSERT INTO removed_members
    SELECT id('w', i / 25), id('gone', i % 25), 'hash' || i, 1 FROM generate_series($1::bigint, $2::bigint) i
  ), keys AS (
    INSERT INTO join_keys
    SELECT 'key' || i, 'CANCELLED', NULL, NULL, false, 1, 1 FROM generate_series($1::bigint, $2::bigint) i
  ), answers AS (
    INSERT INTO request_answers
    SELECT 'caller', 'method', 'request' || i, 'hash', '', 'epoch', i % 256, i, 1, 1
    FROM generate_series($1::bigint, $2::bigint) i
  )
  INSERT INTO rights_log
  SELECT i % 256, i, 'CHANNEL', 'key', '{}', 1, 1 FROM generate_series($1::bigint, $2::bigint) i
)sql";

void OrDie(const absl::Status& status, absl::string_view sql) {
  if (status.ok()) return;
  std::fprintf(stderr, "CrowdRows: %s\n%s\n", status.ToString().c_str(), std::string(sql).c_str());
  std::abort();
}

std::unique_ptr<postgres::Session> Connected(const std::string& conninfo) {
  auto session = postgres::Session::Connect({.conninfo = conninfo, .statement_timeout = absl::Minutes(5)});
  OrDie(session.status(), "");
  return *std::move(session);
}

}  // namespace

CrowdRows::CrowdRows(const std::string& conninfo) : session_(Connected(conninfo)) {
  OrDie(session_->Script(kPrepare), kPrepare);
}

void CrowdRows::AddOrganizations(int first, int last) {
  const int first_workspace = first * 10, last_workspace = last * 10 + 9;
  Run(kOrganizations, Params::Of(first, last));
  Run(kWorkspaces, Params::Of(first_workspace, last_workspace));
  Run(kLogs, Params::Of(first_workspace * 25, last_workspace * 25 + 24));
}

void CrowdRows::AddMembers(int first_workspace, int last_workspace, int first, int last) {
  for (int from = first_workspace; from <= last_workspace; from += kWorkspacesAtOnce) {
    const Params params =
        Params::Of(from, std::min(from + kWorkspacesAtOnce - 1, last_workspace), first, last);
    Run(kMembers, params);
    Run(kParticipants, params);
  }
}

void CrowdRows::AddConversations(int first, int last) { Run(kConversations, Params::Of(first, last)); }

void CrowdRows::AddParts(int first_workspace, int last_workspace, int count) {
  Run(kParts, Params::Of(first_workspace, last_workspace, count));
}

postgres::Result CrowdRows::Run(absl::string_view sql, const Params& params) {
  absl::StatusOr<postgres::Result> result = session_->Run(sql, params);
  OrDie(result.status(), sql);
  return *std::move(result);
}

}  // namespace guestpass::membership
