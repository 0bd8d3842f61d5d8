// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/pg_membership_tx.h"

#include <algorithm>
#include <tuple>

#include "common/status/macros.h"
#include "services/membership/domain/errors.h"
#include "services/membership/storage/postgres/enum_text.h"
#include "services/membership/storage/postgres/rows.h"

namespace guestpass::membership {
namespace {

using postgres::Params;

constexpr absl::string_view kBeginAgain = "guestpass.dev/begin-again";

constexpr char kInsertOrganization[] =
    "INSERT INTO organizations (id, shard, display_name, create_us) VALUES ($1, $2, $3, $4)";

constexpr char kPutOrganizationMember[] = R"sql(
  INSERT INTO organization_members (organization, user_id, role) VALUES ($1, $2, $3)
  ON CONFLICT (organization, user_id) DO UPDATE SET role = excluded.role
)sql";

constexpr char kInsertWorkspace[] = R"sql(
  INSERT INTO workspaces (id, organization, shard, display_name, grace_us, create_us)
  VALUES ($1, $2, $3, $4, $5, $6)
)sql";

constexpr char kInsertChannel[] = R"sql(
  INSERT INTO channels (id, workspace, kind, archived, display_name, create_us) VALUES ($1, $2, $3, $4, $5, $6)
)sql";

constexpr char kInsertParticipant[] = "INSERT INTO participants (channel, user_id) VALUES ($1, $2)";

constexpr char kInsertMember[] = R"sql(
  INSERT INTO members (workspace, user_id, role, expire_us, access_end_us, recorded_state, grants, address,
                       sponsor, create_us, shard)
  SELECT id, $2::text, $3::text, $4::bigint, $5::bigint, $6::text, $7::text[], $8::text, $9::text, $10::bigint, shard
  FROM workspaces WHERE id = $1
  ON CONFLICT (workspace, user_id) DO NOTHING
)sql";

constexpr char kUpdateMember[] = R"sql(
  UPDATE members SET role = $3, expire_us = $4, access_end_us = $5, recorded_state = $6, grants = $7::text[],
                     address = $8, sponsor = $9
  WHERE workspace = $1 AND user_id = $2
)sql";

constexpr char kDeleteMember[] = "DELETE FROM members WHERE workspace = $1 AND user_id = $2";

constexpr char kDeleteParticipations[] = R"sql(
  DELETE FROM participants p USING channels c WHERE p.user_id = $2 AND c.id = p.channel AND c.workspace = $1
  RETURNING p.channel
)sql";

constexpr char kCountOtherAdmins[] =
    "SELECT count(*) FROM members WHERE workspace = $1 AND role = 'ADMIN' AND user_id <> $2";

constexpr char kRemovedN[] = R"sql(
  SELECT coalesce(max(removed_n), 0) FROM removed_members
  WHERE workspace = $1 AND (user_id = $2 OR (address_hash <> '' AND address_hash = address_hash($3)))
)sql";

constexpr char kInsertJoinKey[] = R"sql(
  INSERT INTO join_keys (join_key, outcome, workspace, user_id, already_member, decided_us, keep_until_us)
  SELECT $1::text, 'JOINED', $2::text, $3::text, $4::boolean, now, now + $5::bigint FROM now_us() AS now ON CONFLICT (join_key) DO NOTHING
)sql";

Params MemberParams(const Member& member) {
  const rights::MemberState& state = member.state;
  Params params = Params::Of(state.workspace, state.user, ToText(*state.role), state.expire_time,
                             state.access_end_time, ToText(state.recorded), Texts(state.grants));
  params.Add(member.address.empty() ? std::nullopt : std::optional(member.address)).Add(member.sponsor);
  return params;
}

}  // namespace

PgMembershipTx::PgMembershipTx(postgres::Session& session, const Locked& locked, RightsRecord& record)
    : session_(session), record_(record) {
  if (locked.organization.has_value()) shard_ = locked.organization->shard;
}

absl::Status PgMembershipTx::InsertOrganization(const Organization& organization) {
  shard_ = organization.shard;
  return session_
      .Run(kInsertOrganization, Params::Of(organization.id, organization.shard, organization.display_name,
                                           organization.create_time))
      .status();
}

absl::Status PgMembershipTx::PutOrganizationMember(const rights::OrganizationMemberState& state) {
  record_.Add(state);
  return session_.Run(kPutOrganizationMember, Params::Of(state.organization, state.user, ToText(*state.role)))
      .status();
}

absl::Status PgMembershipTx::InsertWorkspace(const Workspace& workspace) {
  record_.Add(workspace.state);
  return session_
      .Run(kInsertWorkspace,
           Params::Of(workspace.state.workspace, workspace.state.organization, workspace.shard,
                      workspace.display_name, workspace.guest_grace, workspace.create_time))
      .status();
}

absl::Status PgMembershipTx::InsertChannel(const Channel& channel) {
  record_.Add(channel.state);
  return session_
      .Run(kInsertChannel,
           Params::Of(channel.state.channel, channel.state.workspace, ToText(*channel.state.kind),
                      channel.state.archived, channel.display_name, channel.create_time))
      .status();
}

absl::Status PgMembershipTx::InsertParticipant(const ChannelId& channel, const UserId& user) {
  record_.Add(rights::ParticipantState{.channel = channel, .user = user, .present = true});
  return session_.Run(kInsertParticipant, Params::Of(channel, user)).status();
}

absl::Status PgMembershipTx::InsertMember(const Member& member) {
  ASSIGN_OR_RETURN(const postgres::Result result,
                   session_.Run(kInsertMember, MemberParams(member).Add(member.create_time)));
  if (result.affected() == 0) return BeginAgain();
  record_.Add(member.state);
  return absl::OkStatus();
}

absl::Status PgMembershipTx::UpdateMember(const Member& member) {
  record_.Add(member.state);
  return session_.Run(kUpdateMember, MemberParams(member)).status();
}

absl::StatusOr<std::vector<ChannelId>> PgMembershipTx::RemoveMember(const Member& member) {
  const auto& [workspace, user] = std::tie(member.state.workspace, member.state.user);
  record_.AddRemoval(member);
  RETURN_IF_ERROR(session_.Run(kDeleteMember, Params::Of(workspace, user)).status());
  ASSIGN_OR_RETURN(const postgres::Result left,
                   session_.Run(kDeleteParticipations, Params::Of(workspace, user)));
  std::vector<ChannelId> channels;
  for (int row = 0; row < left.rows(); ++row) channels.push_back(left.As<ChannelId>(row, 0));
  std::sort(channels.begin(), channels.end());
  for (const ChannelId& channel : channels) {
    record_.Add(rights::ParticipantState{.channel = channel, .user = user});
  }
  return channels;
}

absl::StatusOr<int64_t> PgMembershipTx::CountOtherAdmins(const WorkspaceId& workspace, const UserId& user) {
  ASSIGN_OR_RETURN(const postgres::Result result,
                   session_.Run(kCountOtherAdmins, Params::Of(workspace, user)));
  return result.Int64(0, 0);
}

absl::StatusOr<uint64_t> PgMembershipTx::RemovedN(const WorkspaceId& workspace, const UserId& user,
                                                  const std::string& address) {
  ASSIGN_OR_RETURN(const postgres::Result result,
                   session_.Run(kRemovedN, Params::Of(workspace, user, address)));
  return static_cast<uint64_t>(result.Int64(0, 0));
}

absl::Status PgMembershipTx::InsertJoinKey(const JoinKey& key) {
  ASSIGN_OR_RETURN(const postgres::Result result,
                   session_.Run(kInsertJoinKey, Params::Of(key.key, key.workspace, key.user,
                                                           key.already_member, kKeepJoinKeys)));
  return result.affected() == 1 ? absl::OkStatus() : JoinCancelled(key.key);
}

absl::Status BeginAgain() {
  absl::Status status = absl::AbortedError("begin again");
  status.SetPayload(kBeginAgain, absl::Cord());
  return status;
}

bool IsBeginAgain(const absl::Status& status) { return status.GetPayload(kBeginAgain).has_value(); }

}  // namespace guestpass::membership
