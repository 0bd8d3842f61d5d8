// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <climits>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace guestpass {

struct LaneOptions {
  int lanes = INT_MAX;    // batches under way at once
  int per_key = INT_MAX;  // of these with items of one key
  size_t most = 64;       // items of a batch
  // A lane beside others that are busy is for who has waited that long.
  absl::Duration patience = absl::ZeroDuration();
};

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
      : options_(options), work_(std::move(work)) {}

  // Returns once `work` has done a batch with the item, on the thread of one of them.
  void Do(Item& item) {
    Place place{&item, Company::KeyOf(item)};
    {
      absl::MutexLock lock(&mutex_);
      waiting_.push_back(&place);
      place.late = options_.patience == absl::ZeroDuration();
      FillLanes();
      const absl::Condition called(&place.called);
      if (!place.late && !mutex_.AwaitWithTimeout(called, options_.patience)) {
        place.late = true;
        FillLanes();
      }
      mutex_.Await(called);
    }
    if (place.leads.empty()) return;
    Batch items;
    for (const Place* taken : place.leads) items.push_back(taken->item);
    work_(items);
    absl::MutexLock lock(&mutex_);
    Leave(place.leads);
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
    bool late = false;          // waited for as long as is asked; guarded by mutex_, as is `called`
    bool called = false;        // to lead a batch, or because it is done
    std::vector<Place*> leads;  // the batch, itself first; none: another one's did it
  };

  void FillLanes() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    while (busy_ < options_.lanes) {
      const Place* first = FirstThatMayGo();
      if (first == nullptr || (busy_ > 0 && !first->late)) return;
      const std::vector<Place*> batch = TakeBatch();
      ++busy_;
      for (const Key& key : KeysOf(batch)) ++busy_keys_[key];
      batch.front()->called = true;
      batch.front()->leads = batch;
    }
  }

  const Place* FirstThatMayGo() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (const Place* place : waiting_) {
      if (!IsBusy(place->key)) return place;
    }
    return nullptr;
  }

  std::vector<Place*> TakeBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Company company;
    std::vector<Place*> batch;
    std::deque<Place*> left;
    for (Place* place : waiting_) {
      const bool goes = batch.size() < options_.most && !IsBusy(place->key) && company.Take(*place->item);
      goes ? batch.push_back(place) : left.push_back(place);
    }
    waiting_ = std::move(left);
    return batch;
  }

  void Leave(const std::vector<Place*>& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    --busy_;
    for (const Key& key : KeysOf(batch)) {
      if (--busy_keys_[key] == 0) busy_keys_.erase(key);
    }
    for (Place* place : batch) place->called = true;
    FillLanes();
  }

  bool IsBusy(const Key& key) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return busy_keys_.contains(key) && busy_keys_.at(key) >= options_.per_key;
  }

  static std::set<Key> KeysOf(const std::vector<Place*>& batch) {
    std::set<Key> keys;
    for (const Place* place : batch) keys.insert(place->key);
    return keys;
  }

  const LaneOptions options_;
  const std::function<void(const Batch&)> work_;
  absl::Mutex mutex_;
  std::deque<Place*> waiting_ ABSL_GUARDED_BY(mutex_);  // in the order of their coming
  int busy_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<Key, int> busy_keys_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace guestpass
