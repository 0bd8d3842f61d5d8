// SPDX-License-Identifier: Apache-2.0
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/status/macros.h"
#include "services/membership/storage/postgres/enum_text.h"
#include "services/membership/storage/postgres/pg_membership_reads.h"
#include "services/membership/storage/postgres/rows.h"

// Members, of one workspace by who sees whom (M1, M2), and of all of an organization's. The parameters of all
// statements begin alike:
//   $1 organization   $2 limit (NULL: none)   $3 guest state   $4 now   $5 sponsor   $6 expire_before
//   $7 without valid sponsor
namespace guestpass::membership {
namespace {

using postgres::Params;
using postgres::Result;
using rights::Role;

constexpr absl::string_view kRanges = "unnest($9::text[], $10::text[]) AS r (first, last)";

// What is asked of a direct member m, besides its role: that is a constant in the statement's text, so that
// the index of such members fits.
constexpr char kAsked[] = R"sql(
  AND ($3::text IS NULL
       OR $3 = CASE WHEN m.recorded_state = 'ENDED' OR m.access_end_us <= $4 THEN 'ENDED'
                    WHEN m.recorded_state = 'SOFT_LOCKED' OR m.expire_us <= $4 THEN 'SOFT_LOCKED'
                    ELSE 'ACTIVE' END)
  AND ($5::text IS NULL OR m.sponsor = $5)
  AND ($6::bigint IS NULL OR m.expire_us < $6)
  AND (NOT $7::boolean
       OR ((SELECT s.role IN ('ADMIN', 'MEMBER') FROM members s
            WHERE s.workspace = m.workspace AND s.user_id = m.sponsor) IS NOT TRUE
           AND (SELECT true FROM organization_members s
                WHERE s.organization = $1 AND s.user_id = m.sponsor) IS NULL))
)sql";

// The source of members for who sees everybody: of workspace $8, in the range r, direct members and then (if
// $11) who is here through the organization only, of whom all but the user is NULL.
constexpr char kDirect[] = "(SELECT " GUESTPASS_MEMBER_COLUMNS(m) R"sql(
   FROM members m WHERE (m.workspace, m.user_id) BETWEEN ($8, r.first) AND ($8, r.last)
)sql";
constexpr char kAndViaOrganization[] = R"sql(
   ORDER BY m.workspace, m.user_id LIMIT $2)
  UNION ALL
  (SELECT NULL, o.user_id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM organization_members o
   WHERE $11 AND (o.organization, o.user_id) BETWEEN ($1, r.first) AND ($1, r.last)
     AND (SELECT true FROM members m WHERE m.workspace = $8 AND m.user_id = o.user_id) IS NULL
   ORDER BY o.organization, o.user_id LIMIT $2)
)sql";

// The source of users for guest $12, who shares channels $13, at most $14 of them before anything is asked. A
// guest is told of no other's sponsor.
constexpr char kSeenByGuest[] = R"sql(
  SELECT s.user_id FROM seen_by_guest($8, $12, $13::text[], r.first, r.last, $14::bigint) AS s (user_id)
  LEFT JOIN LATERAL (SELECT m.* FROM members m
                     WHERE m.workspace = $8 AND m.user_id = s.user_id LIMIT 1) m ON true
  WHERE CASE WHEN m.user_id IS NULL
             THEN $11 AND (SELECT true FROM organization_members o
                           WHERE o.organization = $1 AND o.user_id = s.user_id)
             ELSE (m.user_id = $12 OR ($5::text IS NULL AND NOT $7::boolean))
)sql";
constexpr char kEndOfSeen[] = " END ORDER BY s.user_id LIMIT $2";

constexpr char kSelect[] = "SELECT " GUESTPASS_MEMBER_COLUMNS(m) ", o.role, ";
constexpr int kRoleColumn = 10, kUserColumn = 11;

// Their rows, found by the users, and their roles in the organization.
constexpr char kOfSeen[] = R"sql( AS u (user_id)
  LEFT JOIN LATERAL (SELECT m.* FROM members m
                     WHERE m.workspace = $8 AND m.user_id = u.user_id LIMIT 1) m ON true
  LEFT JOIN LATERAL (SELECT o.role FROM organization_members o
                     WHERE o.organization = $1 AND o.user_id = u.user_id LIMIT 1) o ON true
  ORDER BY u.user_id LIMIT $2
)sql";

// The same of a source that has the rows.
constexpr char kOfDirect[] = R"sql( AS m
  LEFT JOIN LATERAL (SELECT o.role FROM organization_members o
                     WHERE o.organization = $1 AND o.user_id = m.user_id LIMIT 1) o ON true
  ORDER BY m.user_id LIMIT $2
)sql";

// Of all workspaces from $8 to $10, in that one from user $9 on.
constexpr char kOfAll[] = R"sql(
  workspaces w
  CROSS JOIN LATERAL (SELECT m.* FROM members m
                      WHERE (m.workspace, m.user_id) BETWEEN (w.id, CASE w.id WHEN $8 THEN $9 ELSE '' END)
                                                         AND (w.id, $10)
)sql";
constexpr char kOfAllEnd[] = R"sql(
                      ORDER BY m.workspace, m.user_id LIMIT $2) m
  LEFT JOIN LATERAL (SELECT o.role FROM organization_members o
                     WHERE o.organization = $1 AND o.user_id = m.user_id LIMIT 1) o ON true
  WHERE (w.organization, w.id) BETWEEN ($1, $8) AND ($1, $10) AND NOT w.deleted
)sql";

bool AsksForGuests(const MemberQuery& query) {
  return query.guest_state.has_value() || !query.sponsor.empty() ||
         query.expire_before != absl::InfiniteFuture() || query.without_valid_sponsor;
}

// The direct role that everyone asked for has, if it is one.
std::optional<Role> RoleAskedFor(const MemberQuery& query) {
  return AsksForGuests(query) ? Role::kGuest : query.role;
}

bool Contradicts(const MemberQuery& query) {
  return query.role.has_value() && query.role != RoleAskedFor(query);
}

std::string Asked(const MemberQuery& query) {
  const std::optional<Role> role = RoleAskedFor(query);
  return absl::StrCat(role.has_value() ? absl::StrCat(" AND m.role = '", ToText(*role), "'") : "", kAsked);
}

Params ParamsOf(const View& view, const MemberQuery& query, std::optional<int> limit) {
  std::optional<std::string> state;
  if (query.guest_state.has_value()) state = std::string(ToText(*query.guest_state));
  return Params::Of(view.organization->id, limit, state, view.position.now, query.sponsor,
                    query.expire_before, query.without_valid_sponsor);
}

MemberView MemberViewIn(const Result& result, int row, const WorkspaceId& workspace) {
  MemberView view{.organization_role = OrganizationRoleOf(result.Text(row, kRoleColumn)),
                  .via_org = result.IsNull(row, 0)};
  if (!view.via_org) {
    view.member = MemberIn(result, row, 0);
    return view;
  }
  view.member.state = {
      .workspace = workspace, .user = result.As<UserId>(row, kUserColumn), .role = Role::kAdmin};
  return view;
}

}  // namespace

// What gives users in ranges r, its parameters, and what reads the rows of them.
struct PgMembershipReads::Users {
  std::string sql;
  Params params;
  absl::string_view name, rows;
};

absl::StatusOr<PgMembershipReads::Users> PgMembershipReads::UsersIn(const std::vector<IdRange>& ranges,
                                                                    const MemberQuery& query,
                                                                    std::optional<int> limit) {
  std::vector<std::string> firsts, lasts;
  for (const IdRange& range : ranges) {
    firsts.push_back(range.first);
    lasts.push_back(range.last);
  }
  const std::optional<Role> role = RoleAskedFor(query);
  const bool with_via_organization = !role.has_value() || role == Role::kAdmin;
  Users users{.params = ParamsOf(view_, query, limit)};
  users.params.Add(viewing_.workspace).Add(firsts).Add(lasts).Add(with_via_organization);
  if (sight_ != Sight::kAsGuest) {
    users.sql = absl::StrCat(kDirect, Asked(query), kAndViaOrganization);
    users.name = "m.user_id";
    users.rows = kOfDirect;
    return users;
  }
  ASSIGN_OR_RETURN(const std::vector<std::string> channels, GuestsChannels());
  users.params.Add(viewing_.user).Add(channels).Add(role.has_value() ? std::nullopt : limit);
  users.sql = absl::StrCat(kSeenByGuest, Asked(query), kEndOfSeen);
  users.name = "u.user_id";
  users.rows = kOfSeen;
  return users;
}

absl::StatusOr<std::vector<MemberView>> PgMembershipReads::ReadMembers(const std::vector<IdRange>& ranges,
                                                                       const MemberQuery& query,
                                                                       std::optional<int> limit) {
  std::vector<MemberView> members;
  if (sight_ == Sight::kNothing || Contradicts(query)) return members;
  ASSIGN_OR_RETURN(const Users users, UsersIn(ranges, query, limit));
  const std::string sql = absl::StrCat(kSelect, users.name, " FROM ", kRanges, " CROSS JOIN LATERAL (",
                                       users.sql, ")", users.rows);
  ASSIGN_OR_RETURN(const Result result, session_.Run(sql, users.params));
  for (int row = 0; row < result.rows(); ++row) {
    members.push_back(MemberViewIn(result, row, viewing_.workspace));
    Member& member = members.back().member;
    if (sight_ != Sight::kAsGuest || member.state.user == viewing_.user) continue;
    member.sponsor = {};
    member.address.clear();
  }
  return members;
}

absl::StatusOr<std::vector<MemberView>> PgMembershipReads::FindMembers(const std::vector<UserId>& users) {
  std::vector<IdRange> ranges;
  for (const UserId& user : std::set<UserId>(users.begin(), users.end())) {
    if (!user.empty()) ranges.push_back(IdRange::Only(user));
  }
  return ReadMembers(ranges, {}, std::nullopt);
}

absl::StatusOr<std::vector<MemberView>> PgMembershipReads::ListMembers(const MemberQuery& query,
                                                                       const UserId& after, int limit) {
  return ReadMembers({IdRange::Behind(after)}, query, limit);
}

absl::StatusOr<int64_t> PgMembershipReads::CountMembers(const MemberQuery& query) {
  if (sight_ == Sight::kNothing || Contradicts(query)) return 0;
  ASSIGN_OR_RETURN(const Users users, UsersIn({IdRange::Behind(UserId())}, query, std::nullopt));
  ASSIGN_OR_RETURN(const Result result, session_.Run(absl::StrCat("SELECT count(*) FROM ", kRanges,
                                                                  " CROSS JOIN LATERAL (", users.sql, ") u"),
                                                     users.params));
  return result.Int64(0, 0);
}

absl::StatusOr<std::vector<MemberView>> PgMembershipReads::ListMembersOfAll(const MemberQuery& query,
                                                                            const MemberPlace& after,
                                                                            int limit) {
  std::vector<MemberView> members;
  if (!SeesOrganization() || Contradicts(query)) return members;
  Params params = ParamsOf(view_, query, limit);
  const IdRange range = IdRange::Behind(after.user);
  params.Add(after.workspace.ToString()).Add(range.first).Add(range.last);
  const std::string sql =
      absl::StrCat("SELECT " GUESTPASS_MEMBER_COLUMNS(m) ", o.role, m.user_id FROM ", kOfAll, Asked(query),
                   kOfAllEnd, " ORDER BY w.organization, w.id, m.user_id LIMIT $2");
  ASSIGN_OR_RETURN(const Result result, session_.Run(sql, params));
  for (int row = 0; row < result.rows(); ++row) members.push_back(MemberViewIn(result, row, {}));
  return members;
}

absl::StatusOr<int64_t> PgMembershipReads::CountMembersOfAll(const MemberQuery& query) {
  if (!SeesOrganization() || Contradicts(query)) return 0;
  Params params = ParamsOf(view_, query, std::nullopt);
  const IdRange range = IdRange::Behind(UserId());
  params.Add(range.first).Add(range.first).Add(range.last);
  ASSIGN_OR_RETURN(
      const Result result,
      session_.Run(absl::StrCat("SELECT count(*) FROM ", kOfAll, Asked(query), kOfAllEnd), params));
  return result.Int64(0, 0);
}

}  // namespace guestpass::membership
