// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/read_locked.h"

#include <string>
#include <vector>

#include "services/membership/storage/postgres/columns.h"
#include "services/membership/storage/postgres/enum_text.h"
#include "services/membership/storage/postgres/rows.h"

namespace guestpass::membership {
namespace {

using postgres::Pipeline;
using postgres::Result;
using Plans = std::vector<PlannedLocks>;

// All is looked up one by one, LATERAL: also a plan made while the tables were small reads no other row.

// What was committed up to the head is in what is found.
constexpr char kScopes[] =
    "SELECT q.i, now_us(), rights_epoch(), h.n, o.id, o.shard, o.display_name, "
    "o.create_us, " GUESTPASS_WORKSPACE_COLUMNS(w) R"sql(
  FROM (SELECT u.i, u.workspace,
               coalesce(u.organization, (SELECT organization FROM workspaces WHERE id = u.workspace)) AS organization
        FROM unnest($1::bigint[], $2::text[], $3::text[]) AS u (i, organization, workspace)) q
  LEFT JOIN LATERAL (SELECT * FROM organizations WHERE id = q.organization LIMIT 1) o ON true
  LEFT JOIN LATERAL (SELECT * FROM workspaces WHERE id = q.workspace LIMIT 1) w ON true
  LEFT JOIN LATERAL (SELECT n FROM rights_heads WHERE shard = o.shard LIMIT 1) h ON true
)sql";

constexpr char kChannels[] = "SELECT q.i, " GUESTPASS_CHANNEL_COLUMNS(c) R"sql(
  FROM unnest($1::bigint[], $2::text[], $3::text[]) AS q (i, workspace, id)
  CROSS JOIN LATERAL (SELECT * FROM channels WHERE id = q.id AND workspace = q.workspace LIMIT 1) c
)sql";

constexpr char kPeople[] = "SELECT q.i, q.id, o.role, " GUESTPASS_MEMBER_COLUMNS(m) R"sql(
  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS q (i, organization, workspace, id)
  LEFT JOIN LATERAL (
    SELECT role FROM organization_members
    WHERE organization = coalesce(q.organization, (SELECT organization FROM workspaces WHERE id = q.workspace))
      AND user_id = q.id
    LIMIT 1) o ON true
  LEFT JOIN LATERAL (SELECT * FROM members WHERE workspace = q.workspace AND user_id = q.id LIMIT 1) m ON true
)sql";

constexpr char kRemovals[] = R"sql(
  SELECT q.i,
    (SELECT coalesce(max(greatest(
              (SELECT max(removed_n) FROM removed_members WHERE place = p.place AND user_id = q.user_id),
              (SELECT max(removed_n) FROM removed_members
               WHERE place = p.place AND address_hash <> '' AND address_hash = address_hash(q.address)))), 0)
     FROM (SELECT q.workspace UNION ALL SELECT organization FROM workspaces WHERE id = q.workspace) AS p (place))
  FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS q (i, workspace, user_id, address)
)sql";

Locked& LockedIn(const Plans& plans, const Result& result, int row) {
  return *plans[static_cast<size_t>(result.Int64(row, 0))].locked;
}

void ReadScopes(Pipeline& pipeline, const Plans& plans) {
  Columns asked;
  for (size_t i = 0; i < plans.size(); ++i) {
    asked.Add(i, {TextOrNull(plans[i].plan->organization), TextOrNull(plans[i].plan->workspace)});
  }
  pipeline.AddSeen(kScopes, asked.ToParams(), [plans](const Result& result) {
    for (int row = 0; row < result.rows(); ++row) {
      Locked& locked = LockedIn(plans, result, row);
      locked.now = result.Time(row, 1);
      if (!result.IsNull(row, 4)) {
        locked.organization = OrganizationIn(result, row, 4);
        locked.revision = {std::string(result.Text(row, 2)), locked.organization->shard,
                           static_cast<uint64_t>(result.Int64(row, 3))};
      }
      if (!result.IsNull(row, 8)) locked.workspace = WorkspaceIn(result, row, 8);
    }
  });
}

void ReadChannels(Pipeline& pipeline, const Plans& plans) {
  Columns asked;
  for (size_t i = 0; i < plans.size(); ++i) {
    for (const auto& [channel, mode] : plans[i].plan->channels) {
      asked.Add(i, {TextOrNull(plans[i].plan->workspace), TextOrNull(channel)});
    }
  }
  if (asked.empty()) return;
  pipeline.AddSeen(kChannels, asked.ToParams(), [plans](const Result& result) {
    for (int row = 0; row < result.rows(); ++row) {
      const Channel channel = ChannelIn(result, row, 1);
      LockedIn(plans, result, row).channels[channel.state.channel] = channel;
    }
  });
}

void ReadPeople(Pipeline& pipeline, const Plans& plans) {
  Columns asked;
  for (size_t i = 0; i < plans.size(); ++i) {
    const LockPlan& plan = *plans[i].plan;
    for (const auto& [user, mode] : plan.users) {
      asked.Add(i, {TextOrNull(plan.organization), TextOrNull(plan.workspace), TextOrNull(user)});
    }
  }
  if (asked.empty()) return;
  pipeline.AddSeen(kPeople, asked.ToParams(), [plans](const Result& result) {
    for (int row = 0; row < result.rows(); ++row) {
      Locked& locked = LockedIn(plans, result, row);
      const auto user = result.As<UserId>(row, 1);
      const auto role = OrganizationRoleOf(result.Text(row, 2));
      if (role.has_value()) locked.organization_roles[user] = *role;
      if (!result.IsNull(row, 3)) locked.members[user] = MemberIn(result, row, 3);
    }
  });
}

void ReadRemovals(Pipeline& pipeline, const Plans& plans) {
  Columns asked;
  for (size_t i = 0; i < plans.size(); ++i) {
    const auto& newcomer = plans[i].plan->newcomer;
    if (!newcomer.has_value()) continue;
    asked.Add(i, {TextOrNull(plans[i].plan->workspace), TextOrNull(newcomer->user), newcomer->address});
  }
  if (asked.empty()) return;
  pipeline.AddSeen(kRemovals, asked.ToParams(), [plans](const Result& result) {
    for (int row = 0; row < result.rows(); ++row) {
      LockedIn(plans, result, row).removed_n = static_cast<uint64_t>(result.Int64(row, 1));
    }
  });
}

}  // namespace

absl::Status ReadLocked(Pipeline& pipeline, const Plans& plans) {
  ReadScopes(pipeline, plans);
  ReadChannels(pipeline, plans);
  ReadPeople(pipeline, plans);
  ReadRemovals(pipeline, plans);
  return pipeline.Run().status();
}

}  // namespace guestpass::membership
