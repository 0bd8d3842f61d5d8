// SPDX-License-Identifier: Apache-2.0
#include "common/postgres/transact.h"
#include "common/status/macros.h"
#include "services/membership/storage/postgres/enum_text.h"
#include "services/membership/storage/postgres/pg_membership_reads.h"
#include "services/membership/storage/postgres/pg_membership_store.h"
#include "services/membership/storage/postgres/rows.h"

// Where the viewer stands, and what it sees by that.
namespace guestpass::membership {
namespace {

using postgres::Isolation;
using postgres::Params;
using postgres::Result;
using postgres::Session;

constexpr char kForceRanges[] = R"sql(
  SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_hashjoin = off;
  SET LOCAL enable_mergejoin = off; SET LOCAL enable_material = off
)sql";

constexpr char kView[] =
    "SELECT rights_epoch(), now_us(), o.id, o.shard, o.display_name, o.create_us, h.n, "
    "om.role, " GUESTPASS_WORKSPACE_COLUMNS(w) ", " GUESTPASS_MEMBER_COLUMNS(m) R"sql(
  FROM (SELECT coalesce($1, (SELECT organization FROM workspaces WHERE id = $2))) AS v (organization)
  LEFT JOIN organizations o ON o.id = v.organization
  LEFT JOIN rights_heads h ON h.shard = o.shard
  LEFT JOIN organization_members om ON om.organization = o.id AND om.user_id = $3
  LEFT JOIN workspaces w ON w.id = $2 AND w.organization = o.id
  LEFT JOIN members m ON m.workspace = w.id AND m.user_id = $3
)sql";
constexpr int kWorkspaceColumn = 8, kMemberColumn = 20;

void SetOrganization(const Result& row, View& view) {
  if (row.IsNull(0, 2)) return;
  view.organization = OrganizationIn(row, 0, 2);
  view.position.organization_exists = true;
  view.position.organization_role = OrganizationRoleOf(row.Text(0, 7));
  view.revision = {.epoch = std::string(row.Text(0, 0)),
                   .shard = view.organization->shard,
                   .n = static_cast<uint64_t>(row.Int64(0, 6))};
}

void SetWorkspace(const Result& row, const UserId& user, View& view) {
  if (row.IsNull(0, kWorkspaceColumn)) return;
  view.workspace = WorkspaceIn(row, 0, kWorkspaceColumn);
  view.position.workspace_exists = !view.workspace->state.deleted;
  if (!row.IsNull(0, kMemberColumn)) view.member = MemberIn(row, 0, kMemberColumn);
  view.position.authority =
      rights::AuthorityOf(view.workspace->state, {.user = user, .role = view.position.organization_role},
                          view.member.has_value() ? view.member->state : rights::MemberState());
}

absl::StatusOr<View> ReadView(Session& session, const Viewing& viewing) {
  ASSIGN_OR_RETURN(const Result row,
                   session.Run(kView, Params::Of(viewing.organization, viewing.workspace, viewing.user)));
  View view;
  view.position.now = row.Time(0, 1);
  SetOrganization(row, view);
  SetWorkspace(row, viewing.user, view);
  return view;
}

}  // namespace

absl::Status PgMembershipStore::Read(const Viewing& viewing,
                                     absl::FunctionRef<absl::Status(MembershipReads&, const View&)> body) {
  return postgres::Transact(pool_, Isolation::kSnapshot, [&](Session& session) -> absl::Status {
    RETURN_IF_ERROR(PgMembershipReads::ForceRanges(session));
    ASSIGN_OR_RETURN(const View view, ReadView(session, viewing));
    PgMembershipReads reads(session, viewing, view);
    return body(reads, view);
  });
}

PgMembershipReads::PgMembershipReads(Session& session, const Viewing& viewing, const View& view)
    : session_(session), viewing_(viewing), view_(view), sight_(SightOf(viewing, view)) {}

absl::Status PgMembershipReads::ForceRanges(Session& session) { return session.Script(kForceRanges); }

PgMembershipReads::Sight PgMembershipReads::SightOf(const Viewing& viewing, const View& view) {
  const Position& position = view.position;
  if (!position.workspace_exists) return Sight::kNothing;
  if (viewing.everything) return Sight::kEverything;
  if (rights::DecideEntry(position.authority, /*writes=*/false, position.now)) return Sight::kNothing;
  return position.authority.role == rights::Role::kGuest ? Sight::kAsGuest : Sight::kAsMember;
}

bool PgMembershipReads::SeesOrganization() const {
  if (!view_.organization.has_value()) return false;
  return viewing_.everything || view_.position.organization_role.has_value();
}

}  // namespace guestpass::membership
