// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/postgres/params.h"
#include "common/postgres/result.h"
#include "services/invite/domain/invite.h"

// An invite as a row of the table. Pure.
#define GUESTPASS_INVITE_ROW                                                                    \
  "workspace, id, email, email_folded, is_link, max_uses, allow_unverified, role, channels, "   \
  "guest_expire_us, guest_ttl_us, inviter, rights_n, check_us, workspace_display_name, state, " \
  "delivery, expire_us, create_us, generation, resend_us, spent, redeemed_by, "

// The columns that ReadInvite reads, of the table `invites`. Where there is no limit of uses, who has
// reserved one is counted, or left out.
#define GUESTPASS_INVITE_COLUMNS                                                           \
  GUESTPASS_INVITE_ROW                                                                     \
  "CASE WHEN max_uses IS NOT NULL THEN reserved ELSE ("                                    \
  "  SELECT count(*) FROM reservations r"                                                  \
  "  WHERE r.workspace = invites.workspace AND r.invite = invites.id AND r.state = 'OPEN'" \
  "    AND r.counts) END"
#define GUESTPASS_INVITE_COLUMNS_UNCOUNTED GUESTPASS_INVITE_ROW "reserved"

namespace guestpass::invite {

// How many columns these are.
inline constexpr int kInviteColumns = 24;

Invite ReadInvite(const postgres::Result& result, int row);

// The first twenty of these columns.
postgres::Params InviteParams(const Invite& invite);

// As the columns have them.
absl::string_view TextOf(State state);
absl::string_view TextOf(Delivery delivery);

// The lease that goes with it: until then where it is SENDING, else none.
std::optional<absl::Time> LeaseOf(const Invite& invite, absl::Time lease_end);

}  // namespace guestpass::invite
