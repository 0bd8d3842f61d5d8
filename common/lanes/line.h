// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "common/lanes/place.h"

namespace guestpass {

// Those who wait for a lane and those who are in one: who leads the next batch, and who goes along. For
// `Company` see Lanes. Not thread-safe.
template <typename Item, typename Company>
class Line {
 public:
  using Place = LanePlace<Item, Company>;
  using Batch = std::vector<Place*>;

  explicit Line(const LaneOptions& options) : options_(options) {}

  // It stays where it is until it is done. True where it is the one who gathers, and says for how long.
  bool Enter(Place& place) {
    const bool others = std::any_of(waiting_.begin(), waiting_.end(),
                                    [this](const Place* other) { return IsFree(*other) && !other->ripe; });
    place.ripe = options_.gather == absl::ZeroDuration() || went_ == 1;
    waiting_.push_back(&place);
    return !others && !place.ripe && MayLead(place);
  }

  // Whoever waits now waits for no more company.
  void Ripen() {
    for (Place* place : waiting_) place->ripe = true;
  }

  size_t waiting() const { return waiting_.size(); }

  // Gives the lanes that are free to those who have waited longest, of those whose key is not busy.
  void CallLeaders() {
    while (Place* leader = NextLeader()) {
      leader->batch = TakeBatch(*leader);
      Ripen();  // the one who gathered may have gone
      ++busy_;
      Occupy(leader->batch, 1);
      leader->Wake();
    }
  }

  // The leader's batch needs its lane no more.
  void Leave(const Place& leader) {
    --busy_;
    Occupy(leader.batch, -1);
    Ripen();
  }

  // The leader's batch is done. From now on its places may be gone.
  static void Dismiss(Place& leader) {
    for (Place* place : std::exchange(leader.batch, {})) {
      place->done = true;
      place->Wake();
    }
  }

 private:
  using Key = typename Company::Key;

  Place* NextLeader() const {
    const auto free = static_cast<size_t>(std::count_if(
        waiting_.begin(), waiting_.end(), [this](const Place* place) { return IsFree(*place); }));
    const auto next = std::find_if(waiting_.begin(), waiting_.end(), [&](const Place* place) {
      return MayLead(*place) && (place->ripe || free >= went_);
    });
    return next == waiting_.end() ? nullptr : *next;
  }

  // The leader, and whoever of the others may go along.
  Batch TakeBatch(Place& leader) {
    Company company;
    company.Take(*leader.item);
    Batch batch{&leader};
    std::erase_if(waiting_, [&](Place* place) {
      if (place == &leader) return true;
      const bool goes = batch.size() < options_.most && IsFree(*place) && company.Take(*place->item);
      if (goes) batch.push_back(place);
      return goes;
    });
    went_ = std::max(batch.size(), std::exchange(last_, batch.size()));
    return batch;
  }

  bool MayLead(const Place& place) const {
    return IsFree(place) && (busy_ == 0 || (place.late && busy_ < options_.lanes));
  }

  // Whether its key is not busy.
  bool IsFree(const Place& place) const {
    const auto busy = busy_keys_.find(place.key);
    return busy == busy_keys_.end() || busy->second < options_.per_key;
  }

  void Occupy(const Batch& batch, int by) {
    std::set<Key> keys;
    for (const Place* place : batch) keys.insert(place->key);
    for (const Key& key : keys) {
      if ((busy_keys_[key] += by) == 0) busy_keys_.erase(key);
    }
  }

  const LaneOptions options_;
  std::deque<Place*> waiting_;  // in the order of their coming
  size_t last_ = 1;             // items of the last batch
  size_t went_ = 1;             // and of the larger one of the last two
  int busy_ = 0;                // lanes
  std::map<Key, int> busy_keys_;
};

}  // namespace guestpass
