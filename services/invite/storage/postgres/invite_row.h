// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "common/postgres/params.h"
#include "common/postgres/result.h"
#include "services/invite/domain/invite.h"

// An invite as a row of the table. Pure.
namespace guestpass::invite {

// The columns that ReadInvite reads, in its order.
inline constexpr char kInviteColumns[] =
    "workspace, id, email, email_folded, role, channels, guest_expire_us, guest_ttl_us, inviter, rights_n, "
    "check_us, state, delivery, expire_us, create_us, redeemed_by";

Invite ReadInvite(const postgres::Result& result, int row);

// The first fifteen of these columns.
postgres::Params InviteParams(const Invite& invite);

}  // namespace guestpass::invite
