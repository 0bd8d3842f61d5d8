// SPDX-License-Identifier: Apache-2.0
#include "services/membership/domain/conversation.h"

#include <algorithm>

#include "common/status/error.h"
#include "services/membership/domain/errors.h"

namespace guestpass::membership {

absl::Status RequireStarter(const rights::Authority& authority, absl::Time now) {
  if (const auto refusal = rights::DecideEntry(authority, /*writes=*/true, now)) {
    return rights::RefusalError(*refusal, authority, rights::Action::kPost, "");
  }
  if (authority.role == rights::Role::kGuest) return DirectStartForbidden();
  if (authority.role == rights::Role::kViewer) return RoleTooLow(authority, "members and admins");
  return absl::OkStatus();
}

absl::StatusOr<std::vector<UserId>> ParticipantsOf(const UserId& starter, std::vector<UserId> users) {
  users.push_back(starter);
  std::sort(users.begin(), users.end());
  users.erase(std::unique(users.begin(), users.end()), users.end());
  if (users.size() == 1) return FieldInvalid("users", "names nobody but you: a conversation takes two");
  if (users.size() > kMaxOthers + 1) return FieldInvalid("users", "names more than 19 others");
  return users;
}

}  // namespace guestpass::membership
