// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/strings/str_cat.h"
#include "common/rights/names.h"

namespace guestpass::invite {

// The name by which an invite is locked; kLockBySecret says it, too.
inline std::string LockNameOf(const InviteName& invite) {
  return absl::StrCat("i/", invite.workspace.text(), "/", invite.invite.text());
}

}  // namespace guestpass::invite
