// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/rows.h"

#include "services/membership/storage/postgres/enum_text.h"

namespace guestpass::membership {

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
