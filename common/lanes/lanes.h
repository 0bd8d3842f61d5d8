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
// Item&)`; the first that it is asked for it takes.
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
    Place place{&item, Company::KeyOf(item)};
    const std::vector<Place*> batch = AwaitLane(place);
    if (batch.empty()) return;
    Batch items;
    for (const Place* taken : batch) items.push_back(taken->item);
    work_(items);
    absl::MutexLock lock(&mutex_);
    if (--busy_[place.key] == 0) busy_.erase(place.key);
    for (Place* taken : batch) taken->done = true;
  }

  // How many wait now.
  size_t waiting() {
    absl::MutexLock lock(&mutex_);
    return waiting_.size();
  }

 private:
  using Key = typename Company::Key;

  struct Place {
    Item* item;
    Key key;
    bool taken = false, done = false;  // guarded by mutex_
  };

  // What goes by a lane that is free, this item first; nothing where another lane has done it.
  std::vector<Place*> AwaitLane(Place& place) {
    absl::MutexLock lock(&mutex_);
    waiting_.push_back(&place);
    const auto may_go = [&] { return place.done || (!place.taken && Busy(place.key) < lanes_); };
    mutex_.Await(absl::Condition(&may_go));
    if (place.done) return {};
    ++busy_[place.key];
    return TakeBatch(place);
  }

  int Busy(const Key& key) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto busy = busy_.find(key);
    return busy == busy_.end() ? 0 : busy->second;
  }

  std::vector<Place*> TakeBatch(Place& first) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Company company;
    std::vector<Place*> batch = {&first};
    company.Take(*first.item);
    std::deque<Place*> left;
    for (Place* place : waiting_) {
      if (place == &first) continue;
      const bool goes = place->key == first.key && batch.size() < most_ && company.Take(*place->item);
      goes ? batch.push_back(place) : left.push_back(place);
    }
    waiting_ = std::move(left);
    for (Place* place : batch) place->taken = true;
    return batch;
  }

  const int lanes_;
  const size_t most_;
  const std::function<void(const Batch&)> work_;
  absl::Mutex mutex_;
  std::deque<Place*> waiting_ ABSL_GUARDED_BY(mutex_);
  std::map<Key, int> busy_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace guestpass
