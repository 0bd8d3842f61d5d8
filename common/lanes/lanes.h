// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/lanes/line.h"

namespace guestpass {

// The way to work that costs less for several items at once: few lanes, and what comes while all are busy
// goes together when one comes free. Where no lane is busy nobody waits for company, and whoever has waited
// longest, of those whose key is not busy, goes next. Thread-safe.
//
// `Company` says who may go together: `Key` and `static Key KeyOf(const Item&)`; and, made anew for each
// batch and asked for each item that waits and whose key is not busy, in the order of their coming, `bool
// Take(const Item&)`; the first that it is asked for it takes.
template <typename Item, typename Company>
class Lanes {
 public:
  using Batch = std::vector<Item*>;

  Lanes(const LaneOptions& options, std::function<void(const Batch&)> work)
      : patience_(options.patience), work_(std::move(work)), line_(options) {}

  // Returns once `work` has done a batch with the item, on the thread of one of them.
  void Do(Item& item) {
    Place place{&item};
    if (!AwaitLead(place)) return;
    Batch batch;
    for (const Place* taken : place.leads) batch.push_back(taken->item);
    work_(batch);
    absl::MutexLock lock(&mutex_);
    line_.Leave(place.leads);
    line_.CallLeaders();
  }

  // How many wait now.
  size_t waiting() {
    absl::MutexLock lock(&mutex_);
    return line_.waiting();
  }

 private:
  using Place = typename Line<Item, Company>::Place;

  // False once another one's batch has done it.
  bool AwaitLead(Place& place) {
    absl::MutexLock lock(&mutex_);
    place.late = patience_ == absl::ZeroDuration();
    line_.Enter(place);
    line_.CallLeaders();
    const absl::Condition called(&place.called);
    if (!place.late && !mutex_.AwaitWithTimeout(called, patience_)) {
      place.late = true;
      line_.CallLeaders();
    }
    mutex_.Await(called);
    return !place.leads.empty();
  }

  const absl::Duration patience_;
  const std::function<void(const Batch&)> work_;
  absl::Mutex mutex_;
  Line<Item, Company> line_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace guestpass
