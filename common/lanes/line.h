// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <climits>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace guestpass {

struct LaneOptions {
  int lanes = INT_MAX;    // batches under way at once
  int per_key = INT_MAX;  // of these with items of one key
  size_t most = 64;       // items of a batch
  // A lane beside others that are busy is for who has waited that long.
  absl::Duration patience = absl::ZeroDuration();
};

// Those who wait for a lane and those who are in one: who leads the next batch, and who goes along. For
// `Company` see Lanes. Not thread-safe.
template <typename Item, typename Company>
class Line {
 public:
  struct Place {
    Item* item;
    typename Company::Key key = Company::KeyOf(*item);
    bool late = false;               // has waited for as long as is asked
    std::vector<Place*> batch = {};  // that it is to lead, itself first
    bool done = false;
  };
  using Batch = std::vector<Place*>;

  explicit Line(const LaneOptions& options) : options_(options) {}

  // Which stays where it is until it is done.
  void Enter(Place& place) { waiting_.push_back(&place); }
  size_t waiting() const { return waiting_.size(); }

  // Gives the lanes that are free to those who have waited longest, of those whose key is not busy.
  void CallLeaders() {
    while (busy_ < options_.lanes) {
      const auto first = std::find_if(waiting_.begin(), waiting_.end(),
                                      [this](Place* place) { return !IsBusy(place->key); });
      if (first == waiting_.end() || (busy_ > 0 && !(*first)->late)) return;
      Place* leader = *first;
      leader->batch = TakeBatch();
      ++busy_;
      Count(leader->batch, 1);
    }
  }

  // The leader's batch needs its lane no more.
  void Leave(const Place& leader) {
    --busy_;
    Count(leader.batch, -1);
  }

  // The leader's batch is done. From now on its places may be gone.
  static void Dismiss(Place& leader) {
    for (Place* place : std::exchange(leader.batch, {})) place->done = true;
  }

 private:
  using Key = typename Company::Key;

  // The first that may go, and whoever of the others may go along.
  Batch TakeBatch() {
    Company company;
    Batch batch;
    std::erase_if(waiting_, [&](Place* place) {
      const bool goes = batch.size() < options_.most && !IsBusy(place->key) && company.Take(*place->item);
      if (goes) batch.push_back(place);
      return goes;
    });
    return batch;
  }

  bool IsBusy(const Key& key) const {
    return busy_keys_.contains(key) && busy_keys_.at(key) >= options_.per_key;
  }

  void Count(const Batch& batch, int by) {
    std::set<Key> keys;
    for (const Place* place : batch) keys.insert(place->key);
    for (const Key& key : keys) {
      if ((busy_keys_[key] += by) == 0) busy_keys_.erase(key);
    }
  }

  const LaneOptions options_;
  std::deque<Place*> waiting_;  // in the order of their coming
  int busy_ = 0;                // lanes
  std::map<Key, int> busy_keys_;
};

}  // namespace guestpass
