// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "absl/strings/str_join.h"
#include "common/status/macros.h"
#include "services/membership/storage/postgres/enum_text.h"
#include "services/membership/storage/postgres/pg_membership_tx.h"
#include "services/membership/storage/postgres/rows.h"
#include "services/membership/storage/postgres/take_locks.h"

// What a transaction changes, each change with its rights entry.
namespace guestpass::membership {
namespace {

using postgres::Params;

constexpr char kInsertOrganization[] =
    "INSERT INTO organizations (id, shard, display_name, create_us) VALUES ($1, $2, $3, $4)";

constexpr char kUpdateOrganization[] = "UPDATE organizations SET display_name = $2 WHERE id = $1";

constexpr char kPutOrganizationMember[] = R"sql(
  INSERT INTO organization_members (organization, user_id, role) VALUES ($1, $2, $3)
  ON CONFLICT (organization, user_id) DO UPDATE SET role = excluded.role
)sql";

constexpr char kDeleteOrganizationMember[] =
    "DELETE FROM organization_members WHERE organization = $1 AND user_id = $2";

// A deleted workspace's records are cleared without a lock, so what they have may be erased already.
constexpr char kStillHas[] = R"sql(
  SELECT a.address FROM unnest($3::text[]) AS a (address)
  CROSS JOIN LATERAL (
    SELECT FROM members m
    WHERE m.address = a.address AND m.user_id = $2
      AND (SELECT w.organization = $1 AND NOT w.deleted FROM workspaces w WHERE w.id = m.workspace)
    LIMIT 1) m
)sql";

constexpr char kNoteAddress[] = R"sql(
  INSERT INTO removed_members (place, user_id, address_hash, removed_n) VALUES ($1, $2, address_hash($3), $4)
  ON CONFLICT (place, user_id, address_hash)
  DO UPDATE SET removed_n = greatest(removed_members.removed_n, excluded.removed_n)
)sql";

constexpr char kInsertWorkspace[] = R"sql(
  INSERT INTO workspaces (id, organization, shard, create_us, display_name, deleted, grace_us, default_lifetime_us,
                          maximum_lifetime_us, guest_cap, sponsor_guest_cap, guest_domains)
  VALUES ($1, $9, $10, $11, $2, $12, $3, $4, $5, $6, $7, $8::text[])
)sql";

constexpr char kUpdateWorkspace[] = R"sql(
  UPDATE workspaces SET display_name = $2, grace_us = $3, default_lifetime_us = $4, maximum_lifetime_us = $5,
                        guest_cap = $6, sponsor_guest_cap = $7, guest_domains = $8::text[], deleted = $9
  WHERE id = $1
)sql";

constexpr char kInsertChannel[] = R"sql(
  INSERT INTO channels (id, workspace, kind, archived, display_name, create_us, direct_key)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
)sql";

constexpr char kUpdateChannel[] = "UPDATE channels SET display_name = $2, archived = $3 WHERE id = $1";

constexpr char kFindDirect[] =
    "SELECT " GUESTPASS_CHANNEL_COLUMNS(c) " FROM channels c WHERE c.workspace = $1 AND c.direct_key = $2";

constexpr char kInsertMembers[] = R"sql(
  INSERT INTO members (workspace, user_id, role, expire_us, access_end_us, recorded_state, grants, address,
                       sponsor, create_us, shard)
  SELECT workspace, user_id, role, expire_us, access_end_us, recorded_state, grants::text[], address, sponsor,
         create_us, (SELECT shard FROM workspaces WHERE id = q.workspace)
  FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[],
              $9::text[], $10::bigint[])
    AS q (workspace, user_id, role, expire_us, access_end_us, recorded_state, grants, address, sponsor, create_us)
)sql";

constexpr char kUpdateMember[] = R"sql(
  UPDATE members SET role = $3, expire_us = $4, access_end_us = $5, recorded_state = $6, grants = $7::text[],
                     address = $8, sponsor = $9
  WHERE workspace = $1 AND user_id = $2
)sql";

constexpr char kSetAddress[] = "UPDATE members SET address = $3 WHERE workspace = $1 AND user_id = $2";

constexpr char kDeleteMember[] = "DELETE FROM members WHERE workspace = $1 AND user_id = $2";

std::optional<std::string> AddressOrNull(const Member& member) {
  return member.address.empty() ? std::nullopt : std::optional(member.address);
}

Params MemberParams(const Member& member) {
  const rights::MemberState& state = member.state;
  Params params = Params::Of(state.workspace, state.user, ToText(*state.role), state.expire_time,
                             state.access_end_time, ToText(state.recorded), Texts(state.grants));
  params.Add(AddressOrNull(member)).Add(member.sponsor);
  return params;
}

Params WorkspaceParams(const Workspace& workspace) {
  const WorkspaceSettings& settings = workspace.settings;
  return Params::Of(workspace.state.workspace, workspace.display_name, settings.guest_grace,
                    settings.default_lifetime, settings.maximum_lifetime, settings.guest_cap,
                    settings.sponsor_guest_cap, settings.guest_domains);
}

Params ChannelParams(const Channel& channel) {
  return Params::Of(channel.state.channel, channel.state.workspace, ToText(*channel.state.kind),
                    channel.state.archived, channel.display_name, channel.create_time);
}

std::string DirectKey(const std::vector<UserId>& users) {
  return absl::StrJoin(users, "/", [](std::string* out, const UserId& user) { *out += user.ToString(); });
}

}  // namespace

void PgMembershipTx::InsertOrganization(const Organization& organization) {
  shard_ = organization.shard;
  changes_.Add(kInsertOrganization, Params::Of(organization.id, organization.shard, organization.display_name,
                                               organization.create_time));
}

void PgMembershipTx::UpdateOrganization(const Organization& organization) {
  changes_.Add(kUpdateOrganization, Params::Of(organization.id, organization.display_name));
}

void PgMembershipTx::PutOrganizationMember(const rights::OrganizationMemberState& state) {
  record_.Add(state);
  if (state.role.has_value()) {
    changes_.Add(kPutOrganizationMember, Params::Of(state.organization, state.user, ToText(*state.role)));
  } else {
    changes_.Add(kDeleteOrganizationMember, Params::Of(state.organization, state.user));
  }
}

void PgMembershipTx::NoteRemoval(const OrganizationId& organization, const UserId& user) {
  record_.AddRemoval(organization.ToString(), user, "");
}

absl::StatusOr<std::vector<std::string>> PgMembershipTx::NoteAddresses(
    const OrganizationId& organization, const UserId& user, const std::vector<std::string>& addresses) {
  std::vector<std::string> noted;
  if (addresses.empty()) return noted;
  ASSIGN_OR_RETURN(const postgres::Result still, Ask(kStillHas, Params::Of(organization, user, addresses)));
  for (int row = 0; row < still.rows(); ++row) {
    noted.emplace_back(still.Text(row, 0));
    record_.AddRemoval(organization.ToString(), user, noted.back());
  }
  return noted;
}

void PgMembershipTx::NoteAddress(const OrganizationId& organization, const UserId& user,
                                 const std::string& address, uint64_t n) {
  changes_.Add(kNoteAddress, Params::Of(organization, user, address, static_cast<int64_t>(n)));
}

void PgMembershipTx::InsertWorkspace(const Workspace& workspace) {
  record_.Add(workspace.state);
  changes_.Add(kInsertWorkspace, WorkspaceParams(workspace)
                                     .Add(workspace.state.organization)
                                     .Add(workspace.shard)
                                     .Add(workspace.create_time)
                                     .Add(workspace.state.deleted));
}

void PgMembershipTx::UpdateWorkspace(const Workspace& workspace) {
  record_.Add(workspace.state);
  changes_.Add(kUpdateWorkspace, WorkspaceParams(workspace).Add(workspace.state.deleted));
}

void PgMembershipTx::InsertChannel(const Channel& channel) {
  record_.Add(channel.state);
  changes_.Add(kInsertChannel, ChannelParams(channel).AddNull());
}

void PgMembershipTx::UpdateChannel(const Channel& channel) {
  record_.Add(channel.state);
  changes_.Add(kUpdateChannel,
               Params::Of(channel.state.channel, channel.display_name, channel.state.archived));
}

void PgMembershipTx::InsertDirect(const Channel& channel, const std::vector<UserId>& users) {
  record_.Add(channel.state);
  changes_.Add(kInsertChannel, ChannelParams(channel).Add(DirectKey(users)));
  for (const UserId& user : users) InsertParticipant(channel.state.channel, user);
}

absl::StatusOr<std::optional<Channel>> PgMembershipTx::FindDirect(const WorkspaceId& workspace,
                                                                  const std::vector<UserId>& users) {
  ASSIGN_OR_RETURN(const postgres::Result result, Ask(kFindDirect, Params::Of(workspace, DirectKey(users))));
  if (result.rows() == 0) return std::nullopt;
  return ChannelIn(result, 0, 0);
}

void PgMembershipTx::InsertMember(const Member& member) {
  record_.Add(member.state);
  changes_.AddRow(kInsertMembers, MemberParams(member).Add(member.create_time));
  OwnParts(member);
}

void PgMembershipTx::UpdateMember(const Member& member) {
  record_.Add(member.state);
  changes_.Add(kUpdateMember, MemberParams(member));
  OwnParts(member);
}

void PgMembershipTx::SetAddress(const Member& member) {
  changes_.Add(kSetAddress, Params::Of(member.state.workspace, member.state.user, AddressOrNull(member)));
}

absl::StatusOr<std::vector<ChannelId>> PgMembershipTx::RemoveMember(const Member& member) {
  LockAddress(pipeline_, member.state.workspace, member.address);
  record_.Add(rights::MemberState{.workspace = member.state.workspace, .user = member.state.user});
  record_.AddRemoval(member.state.workspace.ToString(), member.state.user, member.address);
  changes_.Add(kDeleteMember, Params::Of(member.state.workspace, member.state.user));
  return LeaveAllChannels(member.state.workspace, member.state.user);
}

}  // namespace guestpass::membership
