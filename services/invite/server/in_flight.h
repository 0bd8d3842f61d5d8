// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "common/rights/ids.h"

namespace guestpass::invite {

// How many long calls are under way at once, of one user and in all: what is beyond that is refused, so that
// nobody's calls take all the threads that others' short ones need. Thread-safe.
class InFlight {
 public:
  InFlight(int of_one, int in_all) : of_one_(of_one), in_all_(in_all) {}

  // Holds a place until it is destroyed. Movable; empty once it was moved from.
  class Place {
   public:
    Place(InFlight& calls, const UserId& user) : calls_(&calls), user_(user) {}
    Place(Place&& other) noexcept : calls_(std::exchange(other.calls_, nullptr)), user_(other.user_) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (calls_ != nullptr) calls_->GiveBack(user_);
    }

   private:
    InFlight* calls_;
    const UserId user_;
  };

  // A place for one call of that user, or nothing where as many are taken as may be. This outlives it.
  std::optional<Place> TakePlace(const UserId& user);

 private:
  void GiveBack(const UserId& user);

  const int of_one_, in_all_;
  absl::Mutex mutex_;
  int all_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<UserId, int> by_user_ ABSL_GUARDED_BY(mutex_);  // has no zeros
};

}  // namespace guestpass::invite
