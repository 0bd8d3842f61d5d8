// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/read_rights.h"

#include <string>
#include <utility>

#include "services/membership/storage/postgres/enum_text.h"
#include "services/membership/storage/postgres/rows.h"

namespace guestpass::membership {
namespace {

using postgres::Params;
using postgres::Pipeline;
using postgres::Result;

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

MemberRights RightsIn(const Result& result, int row, const RightsQuery& query) {
  if (result.IsNull(row, 0)) return {};
  MemberRights rights{.found = true,
                      .shard = static_cast<uint32_t>(result.Int64(row, 1)),
                      .n = static_cast<uint64_t>(result.Int64(row, 3)),
                      .workspace = {query.workspace, result.As<OrganizationId>(row, 0), result.Bool(row, 2)},
                      .member = MemberIn(result, row, 5).state};
  rights.organization_member = {rights.workspace.organization, query.user,
                                OrganizationRoleOf(result.Text(row, 4))};
  rights.member.workspace = query.workspace;
  rights.member.user = query.user;
  return rights;
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

void QueueMembers(Pipeline& pipeline, const std::vector<RightsQuery>& queries, RightsRead& read) {
  std::vector<WorkspaceId> workspaces;
  std::vector<UserId> users;
  for (const RightsQuery& query : queries) {
    workspaces.push_back(query.workspace);
    users.push_back(query.user);
  }
  pipeline.AddSeen(kMembers, Params::Of(workspaces, users), [&](const Result& result) {
    for (int row = 0; row < result.rows(); ++row) {
      read.members.push_back(RightsIn(result, row, queries[static_cast<size_t>(row)]));
    }
  });
}

void QueueChannels(Pipeline& pipeline, const std::vector<RightsQuery>& queries, RightsRead& read) {
  std::vector<ChannelId> channels;
  std::vector<UserId> users;
  for (const RightsQuery& query : queries) {
    channels.insert(channels.end(), query.channels.begin(), query.channels.end());
    users.insert(users.end(), query.channels.size(), query.user);
  }
  if (channels.empty()) return;
  pipeline.AddSeen(kChannels, Params::Of(channels, users), [&](const Result& result) {
    int row = 0;
    for (size_t i = 0; i < queries.size(); ++i) {
      MemberRights& rights = read.members[i];
      for (const ChannelId& channel : queries[i].channels) {
        if (rights.found)
          rights.channels.push_back(ChannelIn(result, row, queries[i], channel, rights.shard));
        ++row;
      }
    }
  });
}

}  // namespace

void QueueRights(Pipeline& pipeline, const std::vector<RightsQuery>& queries, RightsRead& read) {
  pipeline.AddSeen(kNow, {}, [&read](const Result& now) {
    read.epoch = std::string(now.Text(0, 0));
    read.now = now.Time(0, 1);
  });
  QueueMembers(pipeline, queries, read);
  QueueChannels(pipeline, queries, read);
}

}  // namespace guestpass::membership
