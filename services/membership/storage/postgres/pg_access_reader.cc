// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/pg_access_reader.h"

#include <utility>

#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/membership/storage/postgres/enum_text.h"

namespace guestpass::membership {
namespace {

using postgres::Params;
using postgres::Result;

// One statement is one snapshot in READ COMMITTED too. What is not of the snapshot is read after it: the
// epoch, which is the same as long as the connection lives, and the clock. A later clock is the safe side: it
// may refuse a guest whose time was being extended, and never allows one whose time had come.
//
// Every row is looked up by itself, LATERAL and with a LIMIT: so also a plan made while the tables were small
// finds it by its whole key, and joins no table. Where it cannot matter it is not looked up: nobody's
// authority, or who takes part in a channel that is everybody's.
constexpr char kAccess[] = R"sql(
  SELECT (SELECT rights_epoch()), (SELECT now_us()),
         w.shard, h.n, w.deleted,
         asking.role, asker.role, asker.expire_us, asker.access_end_us, asker.recorded_state,
         o.role, m.role, m.expire_us, m.access_end_us, m.recorded_state, q.channel = ANY (m.grants),
         c.kind, c.archived, p.present
  FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY
       AS q (workspace, asker, user_id, channel, i)
  LEFT JOIN LATERAL (SELECT * FROM workspaces WHERE id = q.workspace LIMIT 1) w ON true
  LEFT JOIN LATERAL (SELECT n FROM rights_heads WHERE shard = w.shard LIMIT 1) h ON true
  LEFT JOIN LATERAL (SELECT role FROM organization_members
                     WHERE q.asker <> '' AND organization = w.organization AND user_id = q.asker LIMIT 1) asking ON true
  LEFT JOIN LATERAL (SELECT role FROM organization_members
                     WHERE organization = w.organization AND user_id = q.user_id LIMIT 1) o ON true
  LEFT JOIN LATERAL (SELECT * FROM members
                     WHERE q.asker <> '' AND workspace = q.workspace AND user_id = q.asker LIMIT 1) asker ON true
  LEFT JOIN LATERAL (SELECT * FROM members
                     WHERE workspace = q.workspace AND user_id = q.user_id LIMIT 1) m ON true
  LEFT JOIN LATERAL (SELECT kind, archived FROM channels
                     WHERE id = q.channel AND workspace = q.workspace LIMIT 1) c ON true
  LEFT JOIN LATERAL (SELECT true AS present FROM participants
                     WHERE c.kind <> 'PUBLIC' AND channel = q.channel AND user_id = q.user_id LIMIT 1) p ON true
  ORDER BY q.i
)sql";

// Of the columns above.
constexpr int kEpoch = 0, kNow = 1, kShard = 2, kHead = 3, kDeleted = 4, kAsker = 5, kTarget = 10,
              kGranted = 15, kKind = 16, kArchived = 17, kPresent = 18;

Params ParamsOf(const std::vector<AccessQuery>& queries) {
  std::vector<WorkspaceId> workspaces;
  std::vector<UserId> askers, users;
  std::vector<ChannelId> channels;
  for (const AccessQuery& query : queries) {
    workspaces.push_back(query.workspace);
    askers.push_back(query.asker);
    users.push_back(query.user);
    channels.push_back(query.channel);
  }
  return Params::Of(workspaces, askers, users, channels);
}

// The member whose columns begin at `col`, with those of its grants that were asked for.
rights::MemberState MemberIn(const Result& result, int row, int col) {
  return {.role = RoleOf(result.Text(row, col)),
          .expire_time = result.Time(row, col + 1),
          .access_end_time = result.Time(row, col + 2),
          .recorded = GuestStateOf(result.Text(row, col + 3)).value_or(rights::GuestState::kActive)};
}

rights::Authority AuthorityIn(const Result& result, int row, int col, const rights::MemberState& member) {
  return rights::AuthorityOf({.deleted = result.Bool(row, kDeleted)},
                             {.role = OrganizationRoleOf(result.Text(row, col))}, member);
}

AccessRights RightsIn(const Result& result, int row, const AccessQuery& query) {
  if (result.IsNull(row, kShard)) return {};
  rights::MemberState member = MemberIn(result, row, kTarget + 1);
  member.workspace = query.workspace;
  if (result.Bool(row, kGranted)) member.grants = {query.channel};
  const rights::ChannelState channel = {.channel = query.channel,
                                        .workspace = query.workspace,
                                        .kind = ChannelKindOf(result.Text(row, kKind)),
                                        .archived = result.Bool(row, kArchived)};
  return {.found = true,
          .shard = static_cast<uint32_t>(result.Int64(row, kShard)),
          .n = static_cast<uint64_t>(result.Int64(row, kHead)),
          .asker = AuthorityIn(result, row, kAsker, MemberIn(result, row, kAsker + 1)),
          .target = rights::StandingOf(AuthorityIn(result, row, kTarget, member), member, channel,
                                       {.present = result.Bool(row, kPresent)})};
}

}  // namespace

absl::StatusOr<AccessRead> PgAccessReader::ReadAccess(const std::vector<AccessQuery>& queries) {
  if (queries.empty()) return Error(Reason::kInternal, "nothing to read was asked for");
  ASSIGN_OR_RETURN(const postgres::Lease session, pool_.Acquire());
  ASSIGN_OR_RETURN(const Result result, session->Run(kAccess, ParamsOf(queries)));
  if (static_cast<size_t>(result.rows()) != queries.size()) {
    return Error(Reason::kInternal, "a query was not answered with one row");
  }
  AccessRead read{.epoch = std::string(result.Text(0, kEpoch)), .now = result.Time(0, kNow)};
  read.rights.reserve(queries.size());
  for (int row = 0; row < result.rows(); ++row) {
    read.rights.push_back(RightsIn(result, row, queries[static_cast<size_t>(row)]));
  }
  return read;
}

}  // namespace guestpass::membership
