// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/take_locks.h"

#include <string>
#include <utility>

#include "common/status/macros.h"
#include "services/membership/storage/postgres/enum_text.h"
#include "services/membership/storage/postgres/rows.h"

namespace guestpass::membership {
namespace {

// A workspace's organization never changes, so it can be looked up without a lock.
constexpr char kLockOrganization[] = R"sql(
  SELECT id, shard, display_name, create_us FROM organizations
  WHERE id = coalesce($1, (SELECT organization FROM workspaces WHERE id = $2)) FOR SHARE
)sql";

constexpr char kLockOrganizationMembers[] = R"sql(
  SELECT user_id, role FROM organization_members WHERE organization = $1 AND user_id = ANY ($2::text[])
  ORDER BY user_id FOR SHARE
)sql";

constexpr char kShareWorkspace[] = R"sql(
  SELECT organization, shard, display_name, grace_us, deleted, create_us FROM workspaces WHERE id = $1 FOR SHARE
)sql";

constexpr char kUpdateWorkspace[] = R"sql(
  SELECT organization, shard, display_name, grace_us, deleted, create_us FROM workspaces WHERE id = $1
  FOR NO KEY UPDATE
)sql";

constexpr char kLockChannels[] = R"sql(
  SELECT id, kind, archived, display_name, create_us FROM channels
  WHERE id = ANY ($1::text[]) AND workspace = $2 ORDER BY id FOR SHARE
)sql";

constexpr char kShareMember[] = "SELECT " GUESTPASS_MEMBER_COLUMNS(m) R"sql(
  FROM members m WHERE workspace = $1 AND user_id = $2 FOR SHARE
)sql";

constexpr char kUpdateMember[] = "SELECT " GUESTPASS_MEMBER_COLUMNS(m) R"sql(
  FROM members m WHERE workspace = $1 AND user_id = $2 FOR NO KEY UPDATE
)sql";

constexpr char kNow[] = "SELECT now_us()";

absl::Status LockOrganization(postgres::Session& session, const LockPlan& plan, Locked& locked) {
  if (plan.organization.empty() && plan.workspace.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const postgres::Result result,
                   session.Run(kLockOrganization, postgres::Params::Of(plan.organization, plan.workspace)));
  if (result.rows() == 0) return absl::OkStatus();
  locked.organization = Organization{.id = result.As<OrganizationId>(0, 0),
                                     .shard = static_cast<uint32_t>(result.Int64(0, 1)),
                                     .display_name = std::string(result.Text(0, 2)),
                                     .create_time = result.Time(0, 3)};
  std::vector<std::string> users;
  for (const auto& [user, mode] : plan.users) users.push_back(user.ToString());
  ASSIGN_OR_RETURN(
      const postgres::Result members,
      session.Run(kLockOrganizationMembers, postgres::Params::Of(locked.organization->id, users)));
  for (int row = 0; row < members.rows(); ++row) {
    const auto role = OrganizationRoleOf(members.Text(row, 1));
    if (role.has_value()) locked.organization_roles[members.As<UserId>(row, 0)] = *role;
  }
  return absl::OkStatus();
}

absl::Status LockWorkspace(postgres::Session& session, const LockPlan& plan, LockMode mode, Locked& locked) {
  ASSIGN_OR_RETURN(const postgres::Result result,
                   session.Run(mode == LockMode::kUpdate ? kUpdateWorkspace : kShareWorkspace,
                               postgres::Params::Of(plan.workspace)));
  if (result.rows() == 0) return absl::OkStatus();
  locked.workspace = Workspace{.state = {.workspace = plan.workspace,
                                         .organization = result.As<OrganizationId>(0, 0),
                                         .deleted = result.Bool(0, 4)},
                               .shard = static_cast<uint32_t>(result.Int64(0, 1)),
                               .display_name = std::string(result.Text(0, 2)),
                               .guest_grace = absl::Microseconds(result.Int64(0, 3)),
                               .create_time = result.Time(0, 5)};
  return absl::OkStatus();
}

absl::Status LockChannels(postgres::Session& session, const LockPlan& plan, Locked& locked) {
  if (plan.channels.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const postgres::Result result,
                   session.Run(kLockChannels, postgres::Params::Of(Texts(plan.channels), plan.workspace)));
  for (int row = 0; row < result.rows(); ++row) {
    const ChannelId id = result.As<ChannelId>(row, 0);
    locked.channels[id] = Channel{.state = {.channel = id,
                                            .workspace = plan.workspace,
                                            .kind = ChannelKindOf(result.Text(row, 1)),
                                            .archived = result.Bool(row, 2)},
                                  .display_name = std::string(result.Text(row, 3)),
                                  .create_time = result.Time(row, 4)};
  }
  return absl::OkStatus();
}

absl::Status LockMembers(postgres::Session& session, const LockPlan& plan, Locked& locked) {
  for (const auto& [user, mode] : plan.users) {
    ASSIGN_OR_RETURN(const postgres::Result result,
                     session.Run(mode == LockMode::kUpdate ? kUpdateMember : kShareMember,
                                 postgres::Params::Of(plan.workspace, user)));
    if (result.rows() == 1) locked.members[user] = MemberIn(result, 0, 0);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Locked> TakeLocks(postgres::Session& session, const LockPlan& plan, LockMode workspace_mode) {
  Locked locked;
  RETURN_IF_ERROR(LockOrganization(session, plan, locked));
  if (!plan.workspace.empty() && locked.organization.has_value()) {
    RETURN_IF_ERROR(LockWorkspace(session, plan, workspace_mode, locked));
    RETURN_IF_ERROR(LockChannels(session, plan, locked));
    RETURN_IF_ERROR(LockMembers(session, plan, locked));
  }
  ASSIGN_OR_RETURN(const postgres::Result now, session.Run(kNow));
  locked.now = now.Time(0, 0);
  return locked;
}

}  // namespace guestpass::membership
