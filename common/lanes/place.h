// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <climits>
#include <condition_variable>
#include <vector>

#include "absl/time/time.h"

namespace guestpass {

struct LaneOptions {
  int lanes = INT_MAX;    // batches under way at once
  int per_key = INT_MAX;  // of these with items of one key
  size_t most = 64;       // items of a batch
  // A lane beside others that are busy is for who has waited that long.
  absl::Duration patience = absl::ZeroDuration();
  // A crowd comes back together, but not at one instant: whoever comes first waits for so long for as many as
  // went last.
  absl::Duration gather = absl::ZeroDuration();
};

// An item in a line of Lanes.
template <typename Item, typename Company>
struct LanePlace {
  Item* item;
  typename Company::Key key = Company::KeyOf(*item);
  bool ripe = false;                   // waits for no company
  bool late = false;                   // has waited for as long as is asked
  std::vector<LanePlace*> batch = {};  // that it is to lead, itself first
  bool done = false;
  // Whom to wake once it is to lead, and once it is done.
  std::condition_variable* waits = nullptr;

  void Wake() const {
    if (waits != nullptr) waits->notify_one();
  }
};

// One caller's places. Not thread-safe.
template <typename Item, typename Company>
struct LaneCrowd {
  using Place = LanePlace<Item, Company>;

  std::vector<Place> places;  // which stay where they are
  std::condition_variable called;

  // One of them: two at once would lead on one thread, each in a lane.
  void MakeLate() {
    const auto waits = std::find_if(places.begin(), places.end(),
                                    [](const Place& place) { return !place.done && place.batch.empty(); });
    if (waits != places.end()) waits->ripe = waits->late = true;
  }

  // One that is to lead a batch.
  Place* leader() {
    const auto found =
        std::find_if(places.begin(), places.end(), [](const Place& place) { return !place.batch.empty(); });
    return found == places.end() ? nullptr : &*found;
  }
  bool is_called() {
    return leader() != nullptr ||
           std::all_of(places.begin(), places.end(), [](const Place& place) { return place.done; });
  }
};

}  // namespace guestpass
