// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "common/rights/names.h"
#include "services/membership/server/callers.h"
#include "services/membership/storage/locks.h"

namespace guestpass::membership {

// An audit entry of the locked organization and workspace, with what every entry says; `before`, `after` and
// `notes` are for the caller to set.
AuditEntry AuditOf(absl::string_view action, std::string target, const Locked& locked, Right right);

// The entry of a user's part in a channel, begun (`present`) or ended, with its before, after and notes.
AuditEntry PartAuditOf(const ChannelName& channel, const UserId& user, bool present, const Locked& locked,
                       Right right);

}  // namespace guestpass::membership
