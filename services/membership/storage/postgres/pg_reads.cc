// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "common/postgres/transact.h"
#include "common/status/macros.h"
#include "services/membership/domain/errors.h"
#include "services/membership/storage/postgres/enum_text.h"
#include "services/membership/storage/postgres/object_json.h"
#include "services/membership/storage/postgres/pg_membership_store.h"
#include "services/membership/storage/postgres/rows.h"

// What is read without locks, each method from one snapshot.
namespace guestpass::membership {
namespace {

using postgres::Isolation;
using postgres::Params;
using postgres::Result;
using postgres::Session;

constexpr char kNow[] = "SELECT rights_epoch(), now_us()";

// Every row is looked up by itself, LATERAL and with a LIMIT: so also a plan made while the tables were small
// finds it by its whole key, and joins no table.
constexpr char kMembers[] =
    "SELECT w.organization, w.shard, w.deleted, h.n, o.role, " GUESTPASS_MEMBER_COLUMNS(m)
        R"sql(
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS q (workspace, user_id, i)
  LEFT JOIN LATERAL (SELECT * FROM workspaces WHERE id = q.workspace LIMIT 1) w ON true
  LEFT JOIN LATERAL (SELECT n FROM rights_heads WHERE shard = w.shard LIMIT 1) h ON true
  LEFT JOIN LATERAL (SELECT role FROM organization_members
                     WHERE organization = w.organization AND user_id = q.user_id LIMIT 1) o ON true
  LEFT JOIN LATERAL (SELECT * FROM members
                     WHERE workspace = q.workspace AND user_id = q.user_id LIMIT 1) m ON true
  ORDER BY q.i
)sql";

constexpr char kChannels[] = R"sql(
  SELECT c.workspace, c.kind, c.archived, p.present, w.shard
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS q (channel, user_id, i)
  LEFT JOIN LATERAL (SELECT * FROM channels WHERE id = q.channel LIMIT 1) c ON true
  LEFT JOIN LATERAL (SELECT shard FROM workspaces WHERE id = c.workspace LIMIT 1) w ON true
  LEFT JOIN LATERAL (SELECT true AS present FROM participants
                     WHERE channel = q.channel AND user_id = q.user_id LIMIT 1) p ON true
  ORDER BY q.i
)sql";

// `on` for this transaction whatever the server's default: the beat must not be answered before it is durable
// wherever a commit must be.
constexpr char kBeat[] =
    "SELECT set_config('synchronous_commit', 'on', true), pg_logical_emit_message(true, 'beat', '')";

constexpr char kHeads[] = "SELECT rights_epoch(), now_us(), array_agg(n ORDER BY shard) FROM rights_heads";

constexpr char kHead[] = "SELECT n, pruned_n, rights_epoch() FROM rights_heads WHERE shard = $1";

constexpr char kChanges[] = R"sql(
  SELECT n, kind, key, state, record_us, effective_us FROM rights_log
  WHERE shard = $1 AND n > $2 ORDER BY n LIMIT $3
)sql";

constexpr char kForInvite[] = "SELECT " GUESTPASS_WORKSPACE_COLUMNS(w) R"sql(,
         EXISTS (SELECT FROM members m
                 WHERE m.workspace = w.id AND m.address = $2
                   AND (m.role <> 'GUEST' OR )sql" GUESTPASS_NOT_ENDED(m, $3) R"sql()),
         (SELECT coalesce(max(r.removed_n), 0) FROM removed_members r
          WHERE r.place IN (w.id, w.organization) AND r.address_hash <> '' AND r.address_hash = address_hash($2)),
         g.of_workspace, g.of_sponsor
  FROM workspaces w
  CROSS JOIN LATERAL
    (SELECT count(*) AS of_workspace, count(*) FILTER (WHERE m.sponsor = $4) AS of_sponsor FROM members m
     WHERE w.guest_cap + w.sponsor_guest_cap > 0 AND m.workspace = w.id AND m.role = 'GUEST'
       AND )sql" GUESTPASS_NOT_ENDED(m, $3) R"sql() g
  WHERE w.id = $1
)sql";

absl::Status ReadMembers(Session& session, const std::vector<RightsQuery>& queries, RightsRead& read) {
  std::vector<std::string> workspaces, users;
  for (const RightsQuery& query : queries) {
    workspaces.push_back(query.workspace.ToString());
    users.push_back(query.user.ToString());
  }
  ASSIGN_OR_RETURN(const Result result, session.Run(kMembers, Params::Of(workspaces, users)));
  for (int row = 0; row < result.rows(); ++row) {
    const RightsQuery& query = queries[static_cast<size_t>(row)];
    MemberRights rights{.found = !result.IsNull(row, 0)};
    if (rights.found) {
      rights.shard = static_cast<uint32_t>(result.Int64(row, 1));
      rights.n = static_cast<uint64_t>(result.Int64(row, 3));
      rights.workspace = {query.workspace, result.As<OrganizationId>(row, 0), result.Bool(row, 2)};
      rights.organization_member = {rights.workspace.organization, query.user,
                                    OrganizationRoleOf(result.Text(row, 4))};
      rights.member = MemberIn(result, row, 5).state;
      rights.member.workspace = query.workspace;
      rights.member.user = query.user;
    }
    read.members.push_back(std::move(rights));
  }
  return absl::OkStatus();
}

ChannelRights ChannelIn(const Result& result, int row, const RightsQuery& query, const ChannelId& channel,
                        uint32_t shard) {
  ChannelRights rights{.channel = {.channel = channel, .workspace = query.workspace},
                       .participant = {.channel = channel, .user = query.user}};
  if (result.IsNull(row, 0) || static_cast<uint32_t>(result.Int64(row, 4)) != shard) return rights;
  rights.channel.workspace = result.As<WorkspaceId>(row, 0);
  rights.channel.kind = ChannelKindOf(result.Text(row, 1));
  rights.channel.archived = result.Bool(row, 2);
  rights.participant.present = result.Bool(row, 3);
  return rights;
}

absl::Status ReadChannels(Session& session, const std::vector<RightsQuery>& queries, RightsRead& read) {
  std::vector<std::string> channels, users;
  for (const RightsQuery& query : queries) {
    for (const ChannelId& channel : query.channels) {
      channels.push_back(channel.ToString());
      users.push_back(query.user.ToString());
    }
  }
  if (channels.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Result result, session.Run(kChannels, Params::Of(channels, users)));
  int row = 0;
  for (size_t i = 0; i < queries.size(); ++i) {
    MemberRights& rights = read.members[i];
    for (const ChannelId& channel : queries[i].channels) {
      if (rights.found) rights.channels.push_back(ChannelIn(result, row, queries[i], channel, rights.shard));
      ++row;
    }
  }
  return absl::OkStatus();
}

absl::Status ReadAll(Session& session, const std::vector<RightsQuery>& queries, RightsRead& read) {
  read = {};
  ASSIGN_OR_RETURN(const Result now, session.Run(kNow));
  read.epoch = std::string(now.Text(0, 0));
  read.now = now.Time(0, 1);
  RETURN_IF_ERROR(ReadMembers(session, queries, read));
  return ReadChannels(session, queries, read);
}

}  // namespace

absl::StatusOr<RightsRead> PgMembershipStore::ReadRights(const std::vector<RightsQuery>& queries) {
  RightsRead read;
  RETURN_IF_ERROR(postgres::Transact(pool_, Isolation::kSnapshot,
                                     [&](Session& session) { return ReadAll(session, queries, read); }));
  return read;
}

absl::StatusOr<HeadsRead> PgMembershipStore::ReadHeads() {
  ASSIGN_OR_RETURN(const postgres::Lease session, heads_pool_.Acquire());
  RETURN_IF_ERROR(session->Run(kBeat).status());
  ASSIGN_OR_RETURN(const Result result, session->Run(kHeads));
  HeadsRead read{.epoch = std::string(result.Text(0, 0)), .now = result.Time(0, 1)};
  for (const int64_t n : result.Int64Array(0, 2)) read.heads.push_back(static_cast<uint64_t>(n));
  return read;
}

absl::StatusOr<ChangesRead> PgMembershipStore::ReadChanges(uint32_t shard, uint64_t after_n, int limit) {
  ChangesRead read;
  RETURN_IF_ERROR(postgres::Transact(pool_, Isolation::kSnapshot, [&](Session& session) -> absl::Status {
    read = {};
    ASSIGN_OR_RETURN(const Result head, session.Run(kHead, Params::Of(shard)));
    const uint64_t pruned_n = static_cast<uint64_t>(head.Int64(0, 1));
    if (after_n < pruned_n) return FeedTruncated(shard, pruned_n);
    read.head = static_cast<uint64_t>(head.Int64(0, 0));
    read.epoch = std::string(head.Text(0, 2));
    ASSIGN_OR_RETURN(const Result log, session.Run(kChanges, Params::Of(shard, after_n, limit)));
    for (int row = 0; row < log.rows(); ++row) {
      ASSIGN_OR_RETURN(rights::Object object, ObjectOf(log.Text(row, 1), log.Text(row, 2), log.Text(row, 3)));
      read.entries.push_back({.n = static_cast<uint64_t>(log.Int64(row, 0)),
                              .record_time = log.Time(row, 4),
                              .effective_time = log.Time(row, 5),
                              .object = std::move(object)});
    }
    return absl::OkStatus();
  }));
  return read;
}

absl::StatusOr<InviteRead> PgMembershipStore::ReadForInvite(const RightsQuery& query,
                                                            const std::string& address) {
  InviteRead read;
  RETURN_IF_ERROR(postgres::Transact(pool_, Isolation::kSnapshot, [&](Session& session) -> absl::Status {
    RightsRead rights;
    RETURN_IF_ERROR(ReadAll(session, {query}, rights));
    read = {.epoch = rights.epoch, .now = rights.now, .inviter = std::move(rights.members[0])};
    ASSIGN_OR_RETURN(const Result result,
                     session.Run(kForInvite, Params::Of(query.workspace, address, read.now, query.user)));
    if (result.rows() == 0) return absl::OkStatus();
    read.workspace = WorkspaceIn(result, 0, 0);
    read.member_exists = result.Bool(0, 12);
    read.removed_n = static_cast<uint64_t>(result.Int64(0, 13));
    read.guests = {.workspace = result.Int64(0, 14), .sponsor = result.Int64(0, 15)};
    return absl::OkStatus();
  }));
  return read;
}

}  // namespace guestpass::membership
