// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "common/status/macros.h"
#include "services/membership/storage/postgres/enum_text.h"
#include "services/membership/storage/postgres/pg_membership_reads.h"
#include "services/membership/storage/postgres/rows.h"

// Organizations, who has a role in one, and workspaces.
namespace guestpass::membership {
namespace {

using postgres::Params;
using postgres::Result;

constexpr char kAllOrganizations[] = R"sql(
  SELECT id, shard, display_name, create_us FROM organizations WHERE id BETWEEN $1 AND $2
  ORDER BY id LIMIT $3
)sql";

constexpr char kOwnOrganizations[] = R"sql(
  SELECT o.id, o.shard, o.display_name, o.create_us
  FROM organization_members om
  CROSS JOIN LATERAL (SELECT o.* FROM organizations o WHERE o.id = om.organization OFFSET 0) o
  WHERE (om.user_id, om.organization) BETWEEN ($4, $1) AND ($4, $2)
  ORDER BY om.user_id, om.organization LIMIT $3
)sql";

constexpr char kOrganizationMembers[] = R"sql(
  SELECT user_id, role FROM organization_members WHERE (organization, user_id) BETWEEN ($4, $1) AND ($4, $2)
  ORDER BY organization, user_id LIMIT $3
)sql";

// The sources of workspaces: all; an organization's; those in which the viewer is a direct member, or an
// owner or admin of the organization.
constexpr char kAll[] = R"sql(
  SELECT w.id FROM workspaces w WHERE $5::text IS NULL AND w.id BETWEEN $1 AND $2 AND NOT w.deleted
  ORDER BY w.id LIMIT $3
)sql";

constexpr char kOfOrganization[] = R"sql(
  SELECT w.id FROM workspaces w WHERE (w.organization, w.id) BETWEEN ($5, $1) AND ($5, $2) AND NOT w.deleted
  ORDER BY w.organization, w.id LIMIT $3
)sql";

constexpr char kOwn[] = R"sql(
  (SELECT m.workspace FROM members m
   CROSS JOIN LATERAL (SELECT FROM workspaces w WHERE w.id = m.workspace AND NOT w.deleted
                         AND ($5::text IS NULL OR w.organization = $5) OFFSET 0) w
   WHERE (m.user_id, m.workspace) BETWEEN ($4, $1) AND ($4, $2) ORDER BY m.user_id, m.workspace LIMIT $3)
  UNION
  (SELECT w.id FROM organization_members o
   CROSS JOIN LATERAL (SELECT w.id FROM workspaces w
                       WHERE (w.organization, w.id) BETWEEN (o.organization, $1) AND (o.organization, $2)
                         AND NOT w.deleted
                       ORDER BY w.organization, w.id LIMIT $3) w
   WHERE o.user_id = $4 AND ($5::text IS NULL OR o.organization = $5))
)sql";

constexpr char kWorkspaces[] =
    "SELECT " GUESTPASS_WORKSPACE_COLUMNS(w) ", o.role, " GUESTPASS_MEMBER_COLUMNS(m);

constexpr char kWithPosition[] = R"sql() AS i (id)
  CROSS JOIN LATERAL (SELECT w.* FROM workspaces w WHERE w.id = i.id OFFSET 0) w
  LEFT JOIN LATERAL (SELECT o.role FROM organization_members o
                     WHERE o.organization = w.organization AND o.user_id = $4 LIMIT 1) o ON true
  LEFT JOIN LATERAL (SELECT m.* FROM members m WHERE m.workspace = w.id AND m.user_id = $4 LIMIT 1) m ON true
  ORDER BY i.id LIMIT $3
)sql";
constexpr int kRoleColumn = 12, kMemberColumn = 13;

WorkspaceView WorkspaceViewIn(const Result& result, int row) {
  WorkspaceView view{.workspace = WorkspaceIn(result, row, 0)};
  const auto role = OrganizationRoleOf(result.Text(row, kRoleColumn));
  const bool direct = !result.IsNull(row, kMemberColumn);
  view.authority =
      rights::AuthorityOf(view.workspace.state, {.role = role},
                          direct ? MemberIn(result, row, kMemberColumn).state : rights::MemberState());
  view.via_org = role.has_value() && !direct;
  return view;
}

}  // namespace

absl::StatusOr<std::vector<Organization>> PgMembershipReads::ListOrganizations(const OrganizationId& after,
                                                                               int limit) {
  const IdRange range = IdRange::Behind(after);
  Params params = Params::Of(range.first, range.last, limit);
  if (!viewing_.everything) params.Add(viewing_.user);
  ASSIGN_OR_RETURN(const Result result,
                   session_.Run(viewing_.everything ? kAllOrganizations : kOwnOrganizations, params));
  std::vector<Organization> organizations;
  for (int row = 0; row < result.rows(); ++row) organizations.push_back(OrganizationIn(result, row, 0));
  return organizations;
}

absl::StatusOr<std::vector<rights::OrganizationMemberState>> PgMembershipReads::ListOrganizationMembers(
    const UserId& after, int limit) {
  std::vector<rights::OrganizationMemberState> members;
  if (!SeesOrganization()) return members;
  const OrganizationId& organization = view_.organization->id;
  const IdRange range = IdRange::Behind(after);
  ASSIGN_OR_RETURN(const Result result, session_.Run(kOrganizationMembers, Params::Of(range.first, range.last,
                                                                                      limit, organization)));
  for (int row = 0; row < result.rows(); ++row) {
    members.push_back({organization, result.As<UserId>(row, 0), OrganizationRoleOf(result.Text(row, 1))});
  }
  return members;
}

absl::StatusOr<std::vector<WorkspaceView>> PgMembershipReads::ListWorkspaces(const WorkspaceId& after,
                                                                             int limit) {
  const char* source = !viewing_.everything ? kOwn : viewing_.organization.empty() ? kAll : kOfOrganization;
  const IdRange range = IdRange::Behind(after);
  ASSIGN_OR_RETURN(
      const Result result,
      session_.Run(absl::StrCat(kWorkspaces, " FROM (", source, kWithPosition),
                   Params::Of(range.first, range.last, limit, viewing_.user, viewing_.organization)));
  std::vector<WorkspaceView> workspaces;
  for (int row = 0; row < result.rows(); ++row) workspaces.push_back(WorkspaceViewIn(result, row));
  return workspaces;
}

}  // namespace guestpass::membership
