// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "common/status/macros.h"
#include "services/membership/domain/conversation.h"
#include "services/membership/storage/postgres/enum_text.h"
#include "services/membership/storage/postgres/pg_membership_tx.h"
#include "services/membership/storage/postgres/rows.h"

// What a transaction asks and changes of who takes part in channels, each change with its rights entry.
namespace guestpass::membership {
namespace {

using postgres::Params;
using postgres::Result;

// The organization whose role alone gives a part; NULL for a part of a member's own. What the table has of
// the parts that there are is kept so by kOwnParts.
#define GUESTPASS_ALONE(in_workspace, user, kind)                         \
  "CASE WHEN (SELECT m.role <> 'GUEST' OR " kind                          \
  " = 'DIRECT' FROM members m"                                            \
  "           WHERE m.workspace = " in_workspace " AND m.user_id = " user \
  ") THEN NULL ELSE (SELECT w.organization FROM workspaces w WHERE w.id = " in_workspace ") END"

constexpr char kIsParticipant[] = "SELECT FROM participants WHERE channel = $1 AND user_id = $2";

constexpr char kInsertParticipant[] =
    "INSERT INTO participants (channel, user_id, workspace, organization) "
    "SELECT q.channel, q.user_id, c.workspace, " GUESTPASS_ALONE("c.workspace", "q.user_id", "c.kind") R"sql(
  FROM (VALUES ($1::text, $2::text)) AS q (channel, user_id)
  LEFT JOIN LATERAL (SELECT workspace, kind FROM channels WHERE id = q.channel LIMIT 1) c ON true
)sql";

// A statement of its own, so that the next sees what a rival for the same has committed.
constexpr char kLockParts[] = R"sql(
  SELECT pg_advisory_xact_lock(hashtextextended(
           'p/' || (SELECT organization FROM workspaces WHERE id = $1) || '/' || u.id, 7))::text
  FROM unnest($2::text[]) AS u (id)
)sql";

constexpr char kFindFull[] = R"sql(
  SELECT q.user_id FROM unnest($2::text[]) WITH ORDINALITY AS q (user_id, i)
  WHERE EXISTS (SELECT FROM participants p WHERE p.user_id = q.user_id AND p.workspace = $1 OFFSET $4)
     OR EXISTS (SELECT FROM participants p WHERE p.user_id = q.user_id
                  AND p.organization = )sql" GUESTPASS_ALONE("$1", "q.user_id", "$3::text") R"sql( OFFSET $4)
  ORDER BY q.i LIMIT 1
)sql";

#undef GUESTPASS_ALONE

// A direct member's parts end with that member, and no more with a role in the organization.
constexpr char kOwnParts[] = R"sql(
  UPDATE participants p SET organization = NULL
  WHERE p.user_id = $2 AND p.workspace = $1 AND p.organization IS NOT NULL
    AND ($3 <> 'GUEST' OR (SELECT c.kind = 'DIRECT' FROM channels c WHERE c.id = p.channel))
)sql";

// What leaving channels comes to, after what was `gone`. A DIRECT channel that loses a participant is not the
// same conversation any more. Channels are looked up one by one, in expressions, which also a plan made while
// the tables were small does not turn into a join with all of them; nor into a walk through all
// conversations, as it could with direct_key in a condition.
#define GUESTPASS_LEFT                                                                                  \
  "), other AS ("                                                                                       \
  "  UPDATE channels SET direct_key = NULL WHERE ctid = ANY (ARRAY("                                    \
  "    SELECT (SELECT CASE WHEN c.direct_key IS NOT NULL THEN c.ctid END FROM channels c WHERE c.id = " \
  "gone.channel)"                                                                                       \
  "    FROM gone)))"                                                                                    \
  "SELECT workspace, channel FROM gone ORDER BY channel"

constexpr char kDeleteParticipant[] = R"sql(
  WITH gone AS (
    DELETE FROM participants p WHERE p.channel = $1 AND p.user_id = $2 RETURNING p.workspace, p.channel
)sql" GUESTPASS_LEFT;

constexpr char kLeaveAll[] = R"sql(
  WITH gone AS (
    DELETE FROM participants p WHERE p.user_id = $2 AND p.workspace = $1 RETURNING p.workspace, p.channel
)sql" GUESTPASS_LEFT;

constexpr char kLeavePrivate[] = R"sql(
  WITH gone AS (
    DELETE FROM participants p
    WHERE p.user_id = $2 AND p.workspace = $1
      AND (SELECT c.kind = 'PRIVATE' FROM channels c WHERE c.id = p.channel)
    RETURNING p.workspace, p.channel
)sql" GUESTPASS_LEFT;

constexpr char kLeaveWithoutMember[] = R"sql(
  WITH gone AS (
    DELETE FROM participants p WHERE p.user_id = $2 AND p.organization = $1 RETURNING p.workspace, p.channel
)sql" GUESTPASS_LEFT;

#undef GUESTPASS_LEFT

std::vector<ChannelId> ChannelsOf(const std::vector<ChannelName>& names) {
  std::vector<ChannelId> channels;
  for (const ChannelName& name : names) channels.push_back(name.channel);
  return channels;
}

}  // namespace

absl::StatusOr<bool> PgMembershipTx::IsParticipant(const ChannelId& channel, const UserId& user) {
  ASSIGN_OR_RETURN(const Result result, Ask(kIsParticipant, Params::Of(channel, user)));
  return result.rows() == 1;
}

absl::StatusOr<std::optional<UserId>> PgMembershipTx::FindFull(const WorkspaceId& workspace,
                                                               rights::ChannelKind kind,
                                                               const std::vector<UserId>& users) {
  pipeline_.Add(kLockParts, Params::Of(workspace, Texts(users)));
  ASSIGN_OR_RETURN(const Result result,
                   Ask(kFindFull, Params::Of(workspace, Texts(users), ToText(kind), kMaxParts - 1)));
  if (result.rows() == 0) return std::nullopt;
  return result.As<UserId>(0, 0);
}

void PgMembershipTx::InsertParticipant(const ChannelId& channel, const UserId& user) {
  record_.Add(rights::ParticipantState{.channel = channel, .user = user, .present = true});
  changes_.Add(kInsertParticipant, Params::Of(channel, user));
}

void PgMembershipTx::DeleteParticipant(const ChannelId& channel, const UserId& user) {
  record_.Add(rights::ParticipantState{.channel = channel, .user = user});
  changes_.Add(kDeleteParticipant, Params::Of(channel, user));
}

void PgMembershipTx::OwnParts(const Member& member) {
  const rights::MemberState& state = member.state;
  if (!locked_.RoleInOrganization(state.user).has_value()) return;
  changes_.Add(kOwnParts, Params::Of(state.workspace, state.user, ToText(*state.role)));
}

absl::StatusOr<std::vector<ChannelName>> PgMembershipTx::Leave(absl::string_view sql, Params params,
                                                               const UserId& user) {
  ASSIGN_OR_RETURN(const Result left, Ask(sql, std::move(params)));
  std::vector<ChannelName> channels;
  for (int row = 0; row < left.rows(); ++row) {
    channels.push_back({left.As<WorkspaceId>(row, 0), left.As<ChannelId>(row, 1)});
    record_.Add(rights::ParticipantState{.channel = channels.back().channel, .user = user});
  }
  return channels;
}

absl::StatusOr<std::vector<ChannelName>> PgMembershipTx::LeaveWithoutMember(
    const OrganizationId& organization, const UserId& user) {
  return Leave(kLeaveWithoutMember, Params::Of(organization, user), user);
}

absl::StatusOr<std::vector<ChannelId>> PgMembershipTx::LeavePrivateChannels(const WorkspaceId& workspace,
                                                                            const UserId& user) {
  ASSIGN_OR_RETURN(const std::vector<ChannelName> left,
                   Leave(kLeavePrivate, Params::Of(workspace, user), user));
  return ChannelsOf(left);
}

absl::StatusOr<std::vector<ChannelId>> PgMembershipTx::LeaveAllChannels(const WorkspaceId& workspace,
                                                                        const UserId& user) {
  ASSIGN_OR_RETURN(const std::vector<ChannelName> left, Leave(kLeaveAll, Params::Of(workspace, user), user));
  return ChannelsOf(left);
}

}  // namespace guestpass::membership
