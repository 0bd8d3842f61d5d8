// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/in_flight.h"

namespace guestpass::invite {

std::optional<InFlight::Place> InFlight::TakePlace(const UserId& user) {
  absl::MutexLock lock(&mutex_);
  if (all_ >= in_all_) return std::nullopt;
  const auto own = by_user_.try_emplace(user, 0).first;
  if (own->second >= of_one_) return std::nullopt;
  ++own->second;
  ++all_;
  return std::optional<Place>(std::in_place, *this, user);
}

void InFlight::GiveBack(const UserId& user) {
  absl::MutexLock lock(&mutex_);
  --all_;
  const auto own = by_user_.find(user);
  if (--own->second == 0) by_user_.erase(own);
}

}  // namespace guestpass::invite
