// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/take_locks.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/macros.h"
#include "services/membership/storage/postgres/columns.h"

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

// The same for several plans, of whoever gets it at once; the plans that lack one.
constexpr char kTryLock[] = R"sql(
  SELECT l.plan
  FROM (SELECT coalesce(name, 'o/' || (SELECT organization FROM workspaces WHERE id = u.workspace)) AS named, exclusive,
               plan
        FROM unnest($1::text[], $2::boolean[], $3::text[], $4::bigint[]) AS u (name, exclusive, workspace, plan)) l
  WHERE NOT CASE WHEN l.exclusive THEN pg_try_advisory_xact_lock(hashtextextended(l.named, 7))
                 ELSE pg_try_advisory_xact_lock_shared(hashtextextended(l.named, 7)) END
)sql";

// Members' rows are written in batches too, by the expiry clock and by upkeep, which take none of those
// locks. They are looked up one by one, LATERAL: also a plan made while the tables were small reads no other
// row.
constexpr char kHoldMembers[] = R"sql(
  SELECT FROM unnest($1::text[], $2::text[]) AS q (workspace, id)
  CROSS JOIN LATERAL (SELECT FROM members WHERE workspace = q.workspace AND user_id = q.id FOR NO KEY UPDATE) m
)sql";

// The same of those that nobody holds.
constexpr char kTryHoldMembers[] = R"sql(
  SELECT q.i, q.id FROM unnest($1::bigint[], $2::text[], $3::text[]) AS q (i, workspace, id)
  CROSS JOIN LATERAL (
    SELECT FROM members WHERE workspace = q.workspace AND user_id = q.id FOR NO KEY UPDATE SKIP LOCKED) m
)sql";

std::string AddressLock(const WorkspaceId& workspace, const std::string& address) {
  return absl::StrCat("a/", workspace.text(), "/", address);
}

using Plans = std::vector<PlannedLocks>;

// Calls `visit(plan, user)` for each member that changes.
template <typename Visit>
void EachChanged(const Plans& plans, Visit visit) {
  for (size_t i = 0; i < plans.size(); ++i) {
    if (plans[i].plan->workspace.empty()) continue;
    for (const auto& [user, mode] : plans[i].plan->users) {
      if (mode == LockMode::kUpdate) visit(i, user);
    }
  }
}

void HoldMembers(Pipeline& pipeline, const Plans& plans) {
  std::vector<std::string> workspaces, users;
  EachChanged(plans, [&](size_t i, const UserId& user) {
    workspaces.emplace_back(plans[i].plan->workspace.text());
    users.emplace_back(user.text());
  });
  if (!users.empty()) pipeline.Add(kHoldMembers, Params::Of(workspaces, users));
}

using Held = std::set<std::pair<size_t, UserId>>;

void TryHoldMembers(Pipeline& pipeline, const Plans& plans, Held& held) {
  Columns asked;
  EachChanged(plans, [&](size_t i, const UserId& user) {
    asked.Add(i, {TextOrNull(plans[i].plan->workspace), TextOrNull(user)});
  });
  if (asked.empty()) return;
  pipeline.AddSeen(kTryHoldMembers, asked.ToParams(), [&held](const Result& result) {
    for (int row = 0; row < result.rows(); ++row) {
      held.emplace(static_cast<size_t>(result.Int64(row, 0)), result.As<UserId>(row, 1));
    }
  });
}

void Lock(Pipeline& pipeline, const std::vector<NamedLock>& locks, const WorkspaceId& workspace) {
  if (locks.empty()) return;
  std::vector<std::optional<std::string>> names;
  std::vector<bool> exclusive;
  for (const NamedLock& lock : locks) {
    names.push_back(lock.name);
    exclusive.push_back(lock.mode == LockMode::kUpdate);
  }
  pipeline.Add(kLock, Params::Of(names, exclusive, workspace));
}

void TryLock(Pipeline& pipeline, Plans& plans) {
  std::vector<std::optional<std::string>> names;
  std::vector<bool> exclusive;
  std::vector<std::string> workspaces;
  std::vector<int64_t> owners;
  for (size_t i = 0; i < plans.size(); ++i) {
    plans[i].granted = true;
    for (const NamedLock& lock : LocksOf(*plans[i].plan, LockMode::kShare)) {
      names.push_back(lock.name);
      exclusive.push_back(lock.mode == LockMode::kUpdate);
      workspaces.emplace_back(plans[i].plan->workspace.text());
      owners.push_back(static_cast<int64_t>(i));
    }
  }
  pipeline.AddSeen(kTryLock, Params::Of(names, exclusive, workspaces, owners),
                   [&plans](const Result& result) {
                     for (int row = 0; row < result.rows(); ++row) {
                       plans[static_cast<size_t>(result.Int64(row, 0))].granted = false;
                     }
                   });
}

}  // namespace

std::vector<NamedLock> LocksOf(const LockPlan& plan, LockMode workspace_mode) {
  std::vector<NamedLock> locks;
  const auto add = [&](std::optional<std::string> name, LockMode mode) {
    locks.push_back({std::move(name), mode});
  };
  if (!plan.organization.empty()) {
    add(absl::StrCat("o/", plan.organization.text()), plan.organization_mode);
  } else if (!plan.workspace.empty()) {
    add(std::nullopt, plan.organization_mode);
  }
  if (plan.workspace.empty()) return locks;
  add(absl::StrCat("w/", plan.workspace.text()), workspace_mode);
  for (const auto& [channel, mode] : plan.channels) add(absl::StrCat("c/", channel.text()), mode);
  for (const auto& [user, mode] : plan.users) {
    add(absl::StrCat("m/", plan.workspace.text(), "/", user.text()), mode);
  }
  if (plan.newcomer.has_value() && !plan.newcomer->address.empty()) {
    add(AddressLock(plan.workspace, plan.newcomer->address), LockMode::kUpdate);
  }
  return locks;
}

absl::Status LookAround(Pipeline& pipeline, const LockPlan& plan, Locked& found) {
  return ReadLocked(pipeline, {{.plan = &plan, .locked = &found}});
}

absl::Status TakeLocks(Pipeline& pipeline, const LockPlan& plan, LockMode workspace_mode, Locked& locked) {
  Lock(pipeline, LocksOf(plan, workspace_mode), plan.workspace);
  const Plans plans = {{.plan = &plan, .locked = &locked}};
  HoldMembers(pipeline, plans);
  return ReadLocked(pipeline, plans);
}

absl::Status TryLocks(Pipeline& pipeline, std::vector<PlannedLocks>& plans) {
  Held held;
  TryLock(pipeline, plans);
  TryHoldMembers(pipeline, plans, held);
  RETURN_IF_ERROR(ReadLocked(pipeline, plans));
  EachChanged(plans, [&](size_t i, const UserId& user) {
    if (plans[i].locked->members.contains(user) && !held.contains({i, user})) plans[i].granted = false;
  });
  return absl::OkStatus();
}

void LockAddress(Pipeline& pipeline, const WorkspaceId& workspace, const std::string& address) {
  if (address.empty()) return;
  Lock(pipeline, {{AddressLock(workspace, address), LockMode::kUpdate}}, workspace);
}

}  // namespace guestpass::membership
