// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/crowd.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/macros.h"

namespace guestpass::bench {
namespace {

using postgres::Params;

constexpr int kWorkspacesEach = 10;
constexpr int kMembersEach = 90;
constexpr int kWorkspacesAtOnce = 500;

// Ids that whoever knows the number can name again. No foreign key is checked while the tables are filled.
constexpr char kPrepare[] = R"sql(
  SET session_replication_role = replica;
  SET synchronous_commit = off;
  CREATE FUNCTION pg_temp.id(kind text, i bigint) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$SELECT translate(left(md5(kind || i), 26), '0189', 'zyxv')$$
)sql";

constexpr char kOrganizations[] = R"sql(
  INSERT INTO organizations (id, shard, display_name, create_us)
  SELECT pg_temp.id('o', i), i % 256, 'Organization ' || i, now_us() FROM generate_series(0, $1::bigint - 1) i
)sql";

constexpr char kOwners[] = R"sql(
  INSERT INTO organization_members (organization, user_id, role)
  SELECT pg_temp.id('o', i - 1), user_id, 'OWNER' FROM unnest($1::text[]) WITH ORDINALITY AS q (user_id, i)
)sql";

constexpr char kWorkspaces[] = R"sql(
  INSERT INTO workspaces (id, organization, shard, display_name, grace_us, create_us)
  SELECT pg_temp.id('w', i), pg_temp.id('o', i / 10), i / 10 % 256, 'Workspace ' || i, 86400000000, now_us()
  FROM generate_series(0, $1::bigint - 1) i
)sql";

constexpr char kChannels[] = R"sql(
  INSERT INTO channels (id, workspace, kind, display_name, create_us)
  SELECT pg_temp.id(kind, i), pg_temp.id('w', i), kind, 'Channel', now_us()
  FROM generate_series(0, $1::bigint - 1) i, unnest('{PUBLIC,PRIVATE}'::text[]) kind
)sql";

// Of the workspaces $1 to $2, $3 each: the organization's owner, and of ten seven MEMBERs, a VIEWER, a GUEST
// and, but for the first ten, a MEMBER more.
constexpr char kMembers[] = R"sql(
  INSERT INTO members (workspace, user_id, shard, role, address, expire_us, access_end_us, recorded_state,
                       grants, sponsor, create_us)
  SELECT pg_temp.id('w', i), user_id, i / 10 % 256, role, user_id || '@example.com', expire_us,
         expire_us + 86400000000, 'ACTIVE',
         CASE role WHEN 'GUEST' THEN ARRAY[pg_temp.id('PRIVATE', i)] ELSE '{}' END,
         CASE role WHEN 'GUEST' THEN owner END, now
  FROM (SELECT now_us() AS now) c, generate_series($1::bigint, $2::bigint) i
  JOIN unnest($4::text[]) WITH ORDINALITY AS o (owner, n) ON o.n = i / 10 + 1,
  generate_series(0, $3::bigint - 1) j,
  LATERAL (SELECT CASE j WHEN 0 THEN owner ELSE pg_temp.id('u', i * 1000000 + j) END AS user_id,
                  CASE WHEN j = 0 THEN 'ADMIN' WHEN j % 10 = 9 THEN 'GUEST' WHEN j % 10 = 8 THEN 'VIEWER'
                       ELSE 'MEMBER' END AS role,
                  CASE j % 10 WHEN 9 THEN now + (30 + j % 30) * 86400000000 END AS expire_us) m
)sql";

constexpr char kParticipants[] = R"sql(
  INSERT INTO participants (channel, user_id, workspace)
  SELECT c.id, m.user_id, c.workspace FROM members m JOIN channels c ON c.workspace = m.workspace AND c.kind = 'PRIVATE'
  WHERE m.role = 'ADMIN' OR (m.role = 'MEMBER' AND random() < 0.1)
)sql";

constexpr char kSomeone[] = R"sql(
  'workspaces/' || m.workspace, 'workspaces/' || m.workspace || '/members/' || m.user_id,
  'workspaces/' || m.workspace || '/channels/' || c.id
)sql";

constexpr char kAnybody[] = R"sql(
  FROM (SELECT workspace, user_id FROM members ORDER BY random() LIMIT $1) m
  JOIN channels c ON c.workspace = m.workspace ORDER BY random() LIMIT $1
)sql";

constexpr char kMembersOf[] = R"sql(
  FROM workspaces w JOIN members m ON m.workspace = w.id AND m.role = 'MEMBER'
  JOIN channels c ON c.workspace = w.id AND c.kind = 'PUBLIC'
  WHERE w.organization = pg_temp.id('o', $1) AND w.id <> pg_temp.id('w', 0) ORDER BY random() LIMIT $2
)sql";

std::string OwnerName(int organization) { return absl::StrCat("owner", organization); }

// What whoever has a million members gives PostgreSQL first.
absl::Status Enlarge(const harness::Stack& stack) {
  harness::ServiceProcess& membership = stack.service(harness::kMembership);
  membership.Stop();
  for (const char* setting : {"shared_buffers = '1GB'", "max_wal_size = '4GB'"}) {
    RETURN_IF_ERROR(stack.postgres().Execute("postgres", absl::StrCat("ALTER SYSTEM SET ", setting)));
  }
  RETURN_IF_ERROR(stack.postgres().Restart());
  return membership.Restart();
}

std::vector<Someone> SomeoneIn(const postgres::Result& result) {
  std::vector<Someone> found;
  for (int row = 0; row < result.rows(); ++row) {
    found.push_back({.workspace = std::string(result.Text(row, 0)),
                     .member = std::string(result.Text(row, 1)),
                     .channel = std::string(result.Text(row, 2))});
  }
  return found;
}

}  // namespace

Crowd::Crowd(std::unique_ptr<harness::Stack> stack, bool quick)
    : stack_(std::move(stack)),
      organizations_(quick ? 100 : 1000),
      workspaces_(organizations_ * kWorkspacesEach),
      big_(organizations_ * 1000 - (workspaces_ - 1) * kMembersEach) {}

absl::StatusOr<std::unique_ptr<Crowd>> Crowd::Make(bool quick) {
  ASSIGN_OR_RETURN(auto stack, harness::Stack::Start());
  stack->service(harness::kGuestExpiry).Stop();
  RETURN_IF_ERROR(Enlarge(*stack));
  std::unique_ptr<Crowd> crowd(new Crowd(std::move(stack), quick));
  const absl::Time begun = absl::Now();
  ASSIGN_OR_RETURN(
      crowd->session_,
      postgres::Session::Connect({.conninfo = crowd->stack_->postgres().conninfo("guestpass_membership"),
                                  .statement_timeout = absl::Minutes(5)}));
  RETURN_IF_ERROR(crowd->Fill());
  std::fprintf(stderr, "%d members in %d workspaces, put there in %d s\n", crowd->organizations_ * 1000,
               crowd->workspaces_, static_cast<int>(absl::ToInt64Seconds(absl::Now() - begun)));
  return crowd;
}

absl::Status Crowd::Fill() {
  RETURN_IF_ERROR(session_->Script(kPrepare));
  RETURN_IF_ERROR(Run(kOrganizations, Params::Of(organizations_)).status());
  RETURN_IF_ERROR(Run(kWorkspaces, Params::Of(workspaces_)).status());
  RETURN_IF_ERROR(Run(kChannels, Params::Of(workspaces_)).status());
  RETURN_IF_ERROR(FillMembers());
  RETURN_IF_ERROR(Run(kParticipants).status());
  RETURN_IF_ERROR(session_->Script("SET session_replication_role = origin"));
  ASSIGN_OR_RETURN(const postgres::Result big, Run("SELECT 'workspaces/' || pg_temp.id('w', 0)"));
  big_workspace_ = std::string(big.Text(0, 0));
  return Settle();
}

absl::Status Crowd::FillMembers() {
  std::vector<std::string> owners;
  for (int i = 0; i < organizations_; ++i) owners.push_back(stack_->UserId(OwnerName(i)));
  RETURN_IF_ERROR(Run(kOwners, Params::Of(owners)).status());
  RETURN_IF_ERROR(Run(kMembers, Params::Of(0, 0, big_, owners)).status());
  for (int first = 1; first < workspaces_; first += kWorkspacesAtOnce) {
    const int last = std::min(first + kWorkspacesAtOnce, workspaces_) - 1;
    RETURN_IF_ERROR(Run(kMembers, Params::Of(first, last, kMembersEach, owners)).status());
  }
  return absl::OkStatus();
}

std::string Crowd::OwnerToken(int organization) const { return stack_->Token(OwnerName(organization)); }

absl::StatusOr<std::vector<Someone>> Crowd::Anybody(int count) {
  ASSIGN_OR_RETURN(const postgres::Result result,
                   Run(absl::StrCat("SELECT", kSomeone, kAnybody), Params::Of(count)));
  return SomeoneIn(result);
}

absl::StatusOr<std::vector<Someone>> Crowd::MembersOf(int organization, int count) {
  ASSIGN_OR_RETURN(const postgres::Result result,
                   Run(absl::StrCat("SELECT", kSomeone, kMembersOf), Params::Of(organization, count)));
  return SomeoneIn(result);
}

absl::StatusOr<postgres::Result> Crowd::Run(absl::string_view sql, const Params& params) {
  return session_->Run(sql, params);
}

absl::Status Crowd::Settle() {
  RETURN_IF_ERROR(session_->Script("VACUUM ANALYZE"));
  return session_->Script("CHECKPOINT");
}

}  // namespace guestpass::bench
