// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/macros.h"
#include "services/membership/storage/postgres/pg_membership_reads.h"

// The audit log, for who has ADMIN authority in the workspace, or a role in the organization (M10).
namespace guestpass::membership {
namespace {

using postgres::Params;
using postgres::Result;

// At most $7 entries are looked at, and the last of so many is told, asked for or not.
constexpr char kSelect[] = R"sql(
  SELECT number, organization, workspace, actor, actor_service, platform, action, target, before, after,
         record_us, effective_us, request_id, asked_for, place = $7
  FROM (
    SELECT *, row_number() OVER (ORDER BY number) AS place,
           (($3::text = '' OR action = $3) AND ($4::text = '' OR target = $4)
            AND ($5::text IS NULL OR actor = $5)) IS TRUE AS asked_for
    FROM audit_entries
)sql";

constexpr char kOfWorkspace[] = "WHERE workspace = $1";
constexpr char kOfOrganization[] = "WHERE organization = $1";

constexpr char kBehind[] = R"sql(
    AND number > $2 ORDER BY number LIMIT $7
  ) read
  WHERE asked_for OR place = $7 ORDER BY number LIMIT $6
)sql";
constexpr int kAskedForColumn = 13, kIsLastColumn = 14;

AuditRecord RecordIn(const Result& result, int row) {
  AuditRecord record{.number = result.Int64(row, 0),
                     .before = std::string(result.Text(row, 8)),
                     .after = std::string(result.Text(row, 9)),
                     .actor = {.user = result.As<UserId>(row, 3),
                               .service = std::string(result.Text(row, 4)),
                               .request_id = std::string(result.Text(row, 12))},
                     .record_time = result.Time(row, 10)};
  record.entry.action = std::string(result.Text(row, 6));
  record.entry.target = std::string(result.Text(row, 7));
  record.entry.organization = result.As<OrganizationId>(row, 1);
  record.entry.workspace = result.As<WorkspaceId>(row, 2);
  record.entry.platform = result.Bool(row, 5);
  record.entry.effective_time = result.Time(row, 11);
  return record;
}

}  // namespace

absl::StatusOr<AuditPage> PgMembershipReads::ListAudit(const AuditQuery& query, int limit) {
  AuditPage page;
  const bool sees_workspace =
      view_.workspace.has_value() && (viewing_.everything || rights::IsAdmin(view_.position.authority));
  if (!(query.whole_organization ? SeesOrganization() : sees_workspace)) return page;
  Params params;
  if (query.whole_organization) {
    params.Add(view_.organization->id);
  } else {
    params.Add(viewing_.workspace);
  }
  params.Add(query.after_number)
      .Add(query.action)
      .Add(query.target)
      .Add(query.actor)
      .Add(limit)
      .Add(kMaxAuditRead);
  ASSIGN_OR_RETURN(
      const Result result,
      session_.Run(absl::StrCat(kSelect, query.whole_organization ? kOfOrganization : kOfWorkspace, kBehind),
                   params));
  for (int row = 0; row < result.rows(); ++row) {
    if (result.Bool(row, kAskedForColumn)) page.records.push_back(RecordIn(result, row));
    if (result.Bool(row, kIsLastColumn)) page.read_to = result.Int64(row, 0);
  }
  return page;
}

}  // namespace guestpass::membership
