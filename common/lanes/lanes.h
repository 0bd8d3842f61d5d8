// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/lanes/line.h"

namespace guestpass {

// The way to work that costs less for several items at once: few lanes, and what comes while all are busy
// goes together when one comes free. Where no lane is busy nobody waits for company, unless there was some
// the last time; and whoever has waited longest, of those whose key is not busy, goes next. Thread-safe.
//
// `Company` says who may go together: `Key` and `static Key KeyOf(const Item&)`; and, made anew for each
// batch and asked for each item that waits and whose key is not busy, in the order of their coming, `bool
// Take(const Item&)`; the first that it is asked for it takes.
template <typename Item, typename Company>
class Lanes {
 public:
  using Batch = std::vector<Item*>;

  // `then`, if any, goes on with the same batch once `work` has left the lane to the next one.
  Lanes(const LaneOptions& options, std::function<void(const Batch&)> work,
        std::function<void(const Batch&)> then = nullptr)
      : patience_(options.patience),
        gather_(options.gather),
        work_(std::move(work)),
        then_(std::move(then)),
        line_(options) {}

  // Returns once a batch with the item is done, on the thread of one of its items.
  void Do(Item& item) { DoAll({&item}); }

  // The same for several, which wait in the line together.
  void DoAll(const Batch& items) {
    if (items.empty()) return;
    Crowd crowd;
    for (Item* item : items) crowd.push_back({item});
    Enter(crowd);
    while (Place* leader = AwaitLead(crowd)) {
      Batch batch;
      for (const Place* taken : leader->batch) batch.push_back(taken->item);
      work_(batch);
      Leave(*leader);
      if (then_) then_(batch);
      absl::MutexLock lock(&mutex_);
      line_.Dismiss(*leader);
    }
  }

  // How many wait now.
  size_t waiting() {
    absl::MutexLock lock(&mutex_);
    return line_.waiting();
  }

 private:
  using Place = typename Line<Item, Company>::Place;
  using Crowd = std::deque<Place>;

  void Enter(Crowd& crowd) {
    absl::MutexLock lock(&mutex_);
    bool gathers = false;
    for (Place& place : crowd) {
      place.late = patience_ == absl::ZeroDuration();
      gathers = line_.Enter(place) || gathers;
    }
    line_.CallLeaders();
    const absl::Condition called(&IsCalled, &crowd);
    if (gathers && !mutex_.AwaitWithTimeout(called, gather_)) {
      line_.Ripen();
      line_.CallLeaders();
    }
    if (!crowd[0].late && !mutex_.AwaitWithTimeout(called, patience_)) {
      for (Place& place : crowd) place.ripe = place.late = true;
      line_.CallLeaders();
    }
  }

  void Leave(const Place& leader) {
    absl::MutexLock lock(&mutex_);
    line_.Leave(leader);
    line_.CallLeaders();
  }

  // Of several, one that is to lead a batch; null once all are done.
  Place* AwaitLead(Crowd& crowd) {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&IsCalled, &crowd));
    return LeaderIn(crowd);
  }

  static Place* LeaderIn(Crowd& crowd) {
    const auto leader =
        std::find_if(crowd.begin(), crowd.end(), [](Place& place) { return !place.batch.empty(); });
    return leader == crowd.end() ? nullptr : &*leader;
  }

  static bool IsCalled(Crowd* crowd) {
    return LeaderIn(*crowd) != nullptr ||
           std::all_of(crowd->begin(), crowd->end(), [](const Place& place) { return place.done; });
  }

  const absl::Duration patience_, gather_;
  const std::function<void(const Batch&)> work_, then_;
  absl::Mutex mutex_;
  Line<Item, Company> line_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace guestpass
