// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/rows.h"

#include "services/membership/storage/postgres/enum_text.h"

namespace guestpass::membership {
namespace {

std::optional<absl::Duration> LifetimeIn(const postgres::Result& result, int row, int col) {
  if (result.IsNull(row, col)) return std::nullopt;
  return absl::Microseconds(result.Int64(row, col));
}

}  // namespace

Organization OrganizationIn(const postgres::Result& result, int row, int col) {
  return {.id = result.As<OrganizationId>(row, col),
          .shard = static_cast<uint32_t>(result.Int64(row, col + 1)),
          .display_name = std::string(result.Text(row, col + 2)),
          .create_time = result.Time(row, col + 3)};
}

Workspace WorkspaceIn(const postgres::Result& result, int row, int col) {
  return {.state = {.workspace = result.As<WorkspaceId>(row, col),
                    .organization = result.As<OrganizationId>(row, col + 1),
                    .deleted = result.Bool(row, col + 4)},
          .shard = static_cast<uint32_t>(result.Int64(row, col + 2)),
          .display_name = std::string(result.Text(row, col + 3)),
          .settings = {.guest_grace = absl::Microseconds(result.Int64(row, col + 6)),
                       .default_lifetime = LifetimeIn(result, row, col + 7),
                       .maximum_lifetime = LifetimeIn(result, row, col + 8),
                       .guest_cap = result.Int64(row, col + 9),
                       .sponsor_guest_cap = result.Int64(row, col + 10),
                       .guest_domains = result.TextArray(row, col + 11)},
          .create_time = result.Time(row, col + 5)};
}

Channel ChannelIn(const postgres::Result& result, int row, int col) {
  return {.state = {.channel = result.As<ChannelId>(row, col),
                    .workspace = result.As<WorkspaceId>(row, col + 1),
                    .kind = ChannelKindOf(result.Text(row, col + 2)),
                    .archived = result.Bool(row, col + 3)},
          .display_name = std::string(result.Text(row, col + 4)),
          .create_time = result.Time(row, col + 5)};
}

Member MemberIn(const postgres::Result& result, int row, int col) {
  return {.state = {.workspace = result.As<WorkspaceId>(row, col),
                    .user = result.As<UserId>(row, col + 1),
                    .role = RoleOf(result.Text(row, col + 2)),
                    .expire_time = result.Time(row, col + 3),
                    .access_end_time = result.Time(row, col + 4),
                    .recorded = GuestStateOf(result.Text(row, col + 5)).value_or(rights::GuestState::kActive),
                    .grants = IdsIn<ChannelId>(result, row, col + 6)},
          .address = std::string(result.Text(row, col + 7)),
          .sponsor = result.As<UserId>(row, col + 8),
          .create_time = result.Time(row, col + 9)};
}

}  // namespace guestpass::membership
