// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/take_locks.h"

#include <string>
#include <vector>

#include "common/status/macros.h"
#include "services/membership/storage/postgres/enum_text.h"
#include "services/membership/storage/postgres/rows.h"

namespace guestpass::membership {
namespace {

using postgres::Params;
using postgres::Pipeline;
using postgres::Result;

// One statement for each mode of a lock.
struct Locking {
  const char* share;
  const char* update;
  const char* in(LockMode mode) const { return mode == LockMode::kUpdate ? update : share; }
};

#define GUESTPASS_LOCKING(select, end) \
  { select " FOR SHARE" end, select " FOR NO KEY UPDATE" end }

// Of several rows each is looked up by itself, LATERAL: so they are locked in the order of their ids, and
// also a plan made while the tables were small finds each by its whole key, and reads no other.
#define GUESTPASS_EACH " FROM unnest($1::text[]) AS q (id) CROSS JOIN LATERAL (SELECT * FROM "

constexpr Locking kOrganization = GUESTPASS_LOCKING(R"sql(
  SELECT id, shard, display_name, create_us FROM organizations
  WHERE id = coalesce($1, (SELECT organization FROM workspaces WHERE id = $2)))sql",
                                                    "");

constexpr Locking kOrganizationMembers = GUESTPASS_LOCKING("SELECT o.user_id, o.role" GUESTPASS_EACH R"sql(
    organization_members
    WHERE organization = coalesce($2, (SELECT organization FROM workspaces WHERE id = $3)) AND user_id = q.id
)sql",
                                                           ") o");

constexpr Locking kWorkspace =
    GUESTPASS_LOCKING("SELECT " GUESTPASS_WORKSPACE_COLUMNS(w) " FROM workspaces w WHERE id = $1", "");

constexpr Locking kChannels = GUESTPASS_LOCKING("SELECT " GUESTPASS_CHANNEL_COLUMNS(c) GUESTPASS_EACH
                                                "channels WHERE id = q.id AND workspace = $2",
                                                ") c");

constexpr Locking kMembers = GUESTPASS_LOCKING("SELECT " GUESTPASS_MEMBER_COLUMNS(m) GUESTPASS_EACH
                                               "members WHERE workspace = $2 AND user_id = q.id",
                                               ") m");

// What was committed up to the head is in what the locks found.
constexpr char kNow[] = R"sql(
  SELECT now_us(), rights_epoch(), (SELECT n FROM rights_heads WHERE shard = o.shard), o.shard
  FROM (SELECT (SELECT shard FROM organizations
                WHERE id = coalesce($1, (SELECT organization FROM workspaces WHERE id = $2))) AS shard) o
)sql";

absl::Status Found(const Result& result, const std::function<void(int row)>& take) {
  for (int row = 0; row < result.rows(); ++row) take(row);
  return absl::OkStatus();
}

void LockOrganization(Pipeline& pipeline, const LockPlan& plan, Locked& locked) {
  if (plan.organization.empty() && plan.workspace.empty()) return;
  pipeline.Add(kOrganization.in(plan.organization_mode), Params::Of(plan.organization, plan.workspace),
               [&locked](const Result& result) {
                 return Found(result, [&](int row) { locked.organization = OrganizationIn(result, row, 0); });
               });
  std::vector<std::string> users;
  for (const auto& [user, mode] : plan.users) users.push_back(user.ToString());
  if (users.empty()) return;
  pipeline.Add(kOrganizationMembers.in(plan.organization_mode),
               Params::Of(users, plan.organization, plan.workspace), [&locked](const Result& result) {
                 return Found(result, [&](int row) {
                   const auto role = OrganizationRoleOf(result.Text(row, 1));
                   if (role.has_value()) locked.organization_roles[result.As<UserId>(row, 0)] = *role;
                 });
               });
}

// Calls `lock` with each run of neighbours that have the same mode, so that the order is kept.
template <typename IdType, typename Lock>
void ForEachRun(const std::map<IdType, LockMode>& modes, Lock lock) {
  std::vector<std::string> run;
  for (auto at = modes.begin(); at != modes.end(); ++at) {
    run.push_back(at->first.ToString());
    const auto next = std::next(at);
    if (next != modes.end() && next->second == at->second) continue;
    lock(run, at->second);
    run.clear();
  }
}

void LockWithinWorkspace(Pipeline& pipeline, const LockPlan& plan, LockMode workspace_mode, Locked& locked) {
  if (plan.workspace.empty()) return;
  pipeline.Add(kWorkspace.in(workspace_mode), Params::Of(plan.workspace), [&locked](const Result& result) {
    return Found(result, [&](int row) { locked.workspace = WorkspaceIn(result, row, 0); });
  });
  ForEachRun(plan.channels, [&](const std::vector<std::string>& ids, LockMode mode) {
    pipeline.Add(kChannels.in(mode), Params::Of(ids, plan.workspace), [&locked](const Result& result) {
      return Found(result, [&](int row) {
        const Channel channel = ChannelIn(result, row, 0);
        locked.channels[channel.state.channel] = channel;
      });
    });
  });
  ForEachRun(plan.users, [&](const std::vector<std::string>& ids, LockMode mode) {
    pipeline.Add(kMembers.in(mode), Params::Of(ids, plan.workspace), [&locked](const Result& result) {
      return Found(result, [&](int row) {
        const Member member = MemberIn(result, row, 0);
        locked.members[member.state.user] = member;
      });
    });
  });
}

}  // namespace

absl::Status TakeLocks(Pipeline& pipeline, const LockPlan& plan, LockMode workspace_mode, Locked& locked) {
  LockOrganization(pipeline, plan, locked);
  LockWithinWorkspace(pipeline, plan, workspace_mode, locked);
  pipeline.Add(kNow, Params::Of(plan.organization, plan.workspace), [&locked](const Result& result) {
    locked.now = result.Time(0, 0);
    if (result.IsNull(0, 3)) return absl::OkStatus();
    locked.revision = {std::string(result.Text(0, 1)), static_cast<uint32_t>(result.Int64(0, 3)),
                       static_cast<uint64_t>(result.Int64(0, 2))};
    return absl::OkStatus();
  });
  return pipeline.Run().status();
}

}  // namespace guestpass::membership
