// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/take_locks.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/macros.h"
#include "services/membership/storage/postgres/enum_text.h"
#include "services/membership/storage/postgres/rows.h"

namespace guestpass::membership {
namespace {

using postgres::Params;
using postgres::Pipeline;
using postgres::Result;

// Names of things, each in its own space, so that a collision costs no more than a wait. What is NULL, the
// organization of a workspace that does not exist, is not locked.
constexpr char kLock[] = R"sql(
  SELECT CASE WHEN l.exclusive THEN pg_advisory_xact_lock(hashtextextended(l.named, 7))
              ELSE pg_advisory_xact_lock_shared(hashtextextended(l.named, 7)) END::text
  FROM (SELECT coalesce(name, 'o/' || (SELECT organization FROM workspaces WHERE id = $3)) AS named, exclusive
        FROM unnest($1::text[], $2::boolean[]) AS u (name, exclusive)) l
)sql";

// All below is looked up one by one, LATERAL: also a plan made while the tables were small reads no other
// row. Members' rows are written in batches too, by the expiry clock and by upkeep, which take none of those
// locks.
constexpr char kHoldMembers[] = R"sql(
  SELECT FROM unnest($1::text[]) AS q (id)
  CROSS JOIN LATERAL (SELECT FROM members WHERE workspace = $2 AND user_id = q.id FOR NO KEY UPDATE) m
)sql";

// What was committed up to the head is in what is found.
constexpr char kScope[] =
    "SELECT now_us(), rights_epoch(), h.n, o.id, o.shard, o.display_name, "
    "o.create_us, " GUESTPASS_WORKSPACE_COLUMNS(w) R"sql(
  FROM (SELECT coalesce($1, (SELECT organization FROM workspaces WHERE id = $2)) AS organization) q
  LEFT JOIN LATERAL (SELECT * FROM organizations WHERE id = q.organization LIMIT 1) o ON true
  LEFT JOIN LATERAL (SELECT * FROM workspaces WHERE id = $2 LIMIT 1) w ON true
  LEFT JOIN LATERAL (SELECT n FROM rights_heads WHERE shard = o.shard LIMIT 1) h ON true
)sql";

constexpr char kChannels[] = "SELECT " GUESTPASS_CHANNEL_COLUMNS(c) R"sql(
  FROM unnest($1::text[]) AS q (id)
  CROSS JOIN LATERAL (SELECT * FROM channels WHERE id = q.id AND workspace = $2 LIMIT 1) c
)sql";

constexpr char kPeople[] = "SELECT q.id, o.role, " GUESTPASS_MEMBER_COLUMNS(m) R"sql(
  FROM unnest($1::text[]) AS q (id)
  LEFT JOIN LATERAL (
    SELECT role FROM organization_members
    WHERE organization = coalesce($2, (SELECT organization FROM workspaces WHERE id = $3)) AND user_id = q.id
    LIMIT 1) o ON true
  LEFT JOIN LATERAL (SELECT * FROM members WHERE workspace = $3 AND user_id = q.id LIMIT 1) m ON true
)sql";

// The names of a plan's locks in the order in which everybody takes them.
class Names {
 public:
  Names(const LockPlan& plan, LockMode workspace_mode) {
    if (!plan.organization.empty()) {
      Add(absl::StrCat("o/", plan.organization.text()), plan.organization_mode);
    } else if (!plan.workspace.empty()) {
      Add(std::nullopt, plan.organization_mode);
    }
    if (plan.workspace.empty()) return;
    Add(absl::StrCat("w/", plan.workspace.text()), workspace_mode);
    for (const auto& [channel, mode] : plan.channels) Add(absl::StrCat("c/", channel.text()), mode);
    for (const auto& [user, mode] : plan.users) {
      Add(absl::StrCat("m/", plan.workspace.text(), "/", user.text()), mode);
    }
  }

  bool empty() const { return names_.empty(); }
  Params ToParams(const WorkspaceId& workspace) const { return Params::Of(names_, exclusive_, workspace); }

 private:
  void Add(std::optional<std::string> name, LockMode mode) {
    names_.push_back(std::move(name));
    exclusive_.push_back(mode == LockMode::kUpdate);
  }

  std::vector<std::optional<std::string>> names_;
  std::vector<bool> exclusive_;
};

void HoldMembers(Pipeline& pipeline, const LockPlan& plan) {
  std::vector<std::string> changed;
  for (const auto& [user, mode] : plan.users) {
    if (mode == LockMode::kUpdate) changed.push_back(user.ToString());
  }
  if (plan.workspace.empty() || changed.empty()) return;
  pipeline.Add(kHoldMembers, Params::Of(changed, plan.workspace));
}

void ReadScope(Pipeline& pipeline, const LockPlan& plan, Locked& locked) {
  pipeline.AddSeen(kScope, Params::Of(plan.organization, plan.workspace), [&locked](const Result& result) {
    locked.now = result.Time(0, 0);
    if (!result.IsNull(0, 3)) {
      locked.organization = OrganizationIn(result, 0, 3);
      locked.revision = {std::string(result.Text(0, 1)), locked.organization->shard,
                         static_cast<uint64_t>(result.Int64(0, 2))};
    }
    if (!result.IsNull(0, 7)) locked.workspace = WorkspaceIn(result, 0, 7);
  });
}

void ReadChannels(Pipeline& pipeline, const LockPlan& plan, Locked& locked) {
  if (plan.channels.empty()) return;
  std::vector<std::string> channels;
  for (const auto& [channel, mode] : plan.channels) channels.push_back(channel.ToString());
  pipeline.AddSeen(kChannels, Params::Of(channels, plan.workspace), [&locked](const Result& result) {
    for (int row = 0; row < result.rows(); ++row) {
      const Channel channel = ChannelIn(result, row, 0);
      locked.channels[channel.state.channel] = channel;
    }
  });
}

void ReadPeople(Pipeline& pipeline, const LockPlan& plan, Locked& locked) {
  if (plan.users.empty()) return;
  std::vector<std::string> users;
  for (const auto& [user, mode] : plan.users) users.push_back(user.ToString());
  pipeline.AddSeen(kPeople, Params::Of(users, plan.organization, plan.workspace),
                   [&locked](const Result& result) {
                     for (int row = 0; row < result.rows(); ++row) {
                       const auto user = result.As<UserId>(row, 0);
                       const auto role = OrganizationRoleOf(result.Text(row, 1));
                       if (role.has_value()) locked.organization_roles[user] = *role;
                       if (!result.IsNull(row, 2)) locked.members[user] = MemberIn(result, row, 2);
                     }
                   });
}

}  // namespace

absl::Status LookAround(Pipeline& pipeline, const LockPlan& plan, Locked& found) {
  ReadScope(pipeline, plan, found);
  ReadChannels(pipeline, plan, found);
  ReadPeople(pipeline, plan, found);
  return pipeline.Run().status();
}

absl::Status TakeLocks(Pipeline& pipeline, const LockPlan& plan, LockMode workspace_mode, Locked& locked) {
  const Names names(plan, workspace_mode);
  if (!names.empty()) pipeline.Add(kLock, names.ToParams(plan.workspace));
  HoldMembers(pipeline, plan);
  return LookAround(pipeline, plan, locked);
}

void LockAddress(Pipeline& pipeline, const WorkspaceId& workspace, const std::string& address) {
  if (address.empty()) return;
  pipeline.Add(kLock, Params::Of(std::vector<std::string>{absl::StrCat("a/", workspace.text(), "/", address)},
                                 std::vector<bool>{true}, workspace));
}

}  // namespace guestpass::membership
