// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/postgres/result.h"
#include "services/invite/domain/invite.h"

// A reservation as a row of the table. Pure.
#define GUESTPASS_RESERVATION_COLUMNS "join_key, workspace, invite, user_id, create_us, state, counts"

namespace guestpass::invite {

inline constexpr int kReservationColumns = 7;

// Of these columns. The table's check lets no other word in.
inline Reservation ReadReservation(const postgres::Result& result, int row) {
  const absl::string_view state = result.Text(row, 5);
  return {.join_key = std::string(result.Text(row, 0)),
          .invite = {result.As<WorkspaceId>(row, 1), result.As<InviteId>(row, 2)},
          .user = result.As<UserId>(row, 3),
          .create_time = result.Time(row, 4),
          .state = state == "OPEN"    ? Reservation::State::kOpen
                   : state == "SPENT" ? Reservation::State::kSpent
                                      : Reservation::State::kFreed,
          .counts = result.Bool(row, 6)};
}

}  // namespace guestpass::invite
