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

constexpr char kSelect[] = R"sql(
  SELECT number, organization, workspace, actor, actor_service, platform, action, target, before, after,
         record_us, effective_us, request_id
  FROM audit_entries
)sql";

constexpr char kOfWorkspace[] = "WHERE workspace = $1";
constexpr char kOfOrganization[] = "WHERE organization = $1";

constexpr char kBehind[] = R"sql(
  AND number > $2 AND ($3::text = '' OR action = $3) AND ($4::text = '' OR target = $4)
  AND ($5::text IS NULL OR actor = $5)
  ORDER BY number LIMIT $6
)sql";

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

absl::StatusOr<std::vector<AuditRecord>> PgMembershipReads::ListAudit(const AuditQuery& query, int limit) {
  std::vector<AuditRecord> records;
  const bool sees_workspace =
      view_.workspace.has_value() && (viewing_.everything || rights::IsAdmin(view_.position.authority));
  if (!(query.whole_organization ? SeesOrganization() : sees_workspace)) return records;
  Params params;
  if (query.whole_organization) {
    params.Add(view_.organization->id);
  } else {
    params.Add(viewing_.workspace);
  }
  params.Add(query.after_number).Add(query.action).Add(query.target).Add(query.actor).Add(limit);
  ASSIGN_OR_RETURN(
      const Result result,
      session_.Run(absl::StrCat(kSelect, query.whole_organization ? kOfOrganization : kOfWorkspace, kBehind),
                   params));
  for (int row = 0; row < result.rows(); ++row) records.push_back(RecordIn(result, row));
  return records;
}

}  // namespace guestpass::membership
