// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"

namespace guestpass {

// The way to work that costs less for several items at once: few lanes for each key, and what comes while all
// are busy goes together when one comes free. Nobody waits for company, nor for other keys. Thread-safe.
//
// `Company` says who may go together: `Key` and `static Key KeyOf(const Item&)`; and, made anew for each
// batch and asked for each item of its key that waits, in the order of their coming, `bool Take(const
// Item&)`; the first that it is asked for it takes. Whoever has waited longest goes next.
template <typename Item, typename Company>
class Lanes {
 public:
  using Batch = std::vector<Item*>;

  // `work` runs for at most `lanes` batches of a key at once, of `most` items at most, on the thread of one
  // of them.
  Lanes(int lanes, size_t most, std::function<void(const Batch&)> work)
      : lanes_(lanes), most_(most), work_(std::move(work)) {}

  // Returns once a batch with the item is done.
  void Do(Item& item) {
    Place place{&item};
    const Key key = Company::KeyOf(item);
    const std::vector<Place*> batch = AwaitLane(place, key);
    if (batch.empty()) return;
    Batch items;
    for (const Place* taken : batch) items.push_back(taken->item);
    work_(items);
    absl::MutexLock lock(&mutex_);
    for (Place* taken : batch) taken->done = true;
    const auto line = lines_.find(key);
    if (--line->second.busy == 0 && line->second.waiting.empty()) lines_.erase(line);
  }

  // How many wait now.
  size_t waiting() {
    absl::MutexLock lock(&mutex_);
    size_t waiting = 0;
    for (const auto& [key, line] : lines_) waiting += line.waiting.size();
    return waiting;
  }

 private:
  using Key = typename Company::Key;

  struct Place {
    Item* item;
    bool done = false;  // guarded by mutex_
  };

  // Of one key.
  struct Line {
    int busy = 0;
    std::deque<Place*> waiting;  // in the order of their coming
  };

  // What goes by a lane that is free, this item first; nothing where another lane has done it.
  std::vector<Place*> AwaitLane(Place& place, const Key& key) {
    absl::MutexLock lock(&mutex_);
    Line& line = lines_[key];  // stays while anybody waits in it, or is under way
    line.waiting.push_back(&place);
    const auto may_go = [&] {
      return place.done || (line.busy < lanes_ && !line.waiting.empty() && line.waiting.front() == &place);
    };
    mutex_.Await(absl::Condition(&may_go));
    if (place.done) return {};
    ++line.busy;
    return TakeBatch(line);
  }

  std::vector<Place*> TakeBatch(Line& line) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Company company;
    std::vector<Place*> batch;
    std::deque<Place*> left;
    for (Place* place : line.waiting) {
      const bool goes = batch.size() < most_ && company.Take(*place->item);
      goes ? batch.push_back(place) : left.push_back(place);
    }
    line.waiting = std::move(left);
    return batch;
  }

  const int lanes_;
  const size_t most_;
  const std::function<void(const Batch&)> work_;
  absl::Mutex mutex_;
  std::map<Key, Line> lines_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace guestpass
