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
  size_t waiting() const { return waiting_.size(); }

  // It stays where it is until it is done. True where it is the one who gathers: who says when it is enough.
  bool Enter(Place& place) {
    place.ripe = went_ == 1;
    const auto gathers = [this](const Place* other) { return IsFree(*other) && !other->ripe; };
    const bool is_first =
        !place.ripe && MayLead(place) && std::none_of(waiting_.begin(), waiting_.end(), gathers);
    waiting_.push_back(&place);
    return is_first;
  }

  // Whoever waits now waits for no more company.
  void Ripen() {
    for (Place* place : waiting_) place->ripe = true;
  }

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
    const auto is_free = [this](const Place* place) { return IsFree(*place); };
    const bool is_back = went_ == 1 || std::count_if(waiting_.begin(), waiting_.end(), is_free) >= went_;
    for (Place* place : waiting_) {
      if (MayLead(*place) && (place->ripe || is_back)) return place;
    }
    return nullptr;
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
    const auto before = std::exchange(last_, std::ssize(batch));
    if (options_.gather > absl::ZeroDuration()) went_ = std::max(last_, before);
    return batch;
  }

  bool MayLead(const Place& place) const {
    return IsFree(place) && (busy_ == 0 || (place.late && busy_ < options_.lanes));
  }

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
  std::ptrdiff_t last_ = 1;     // items of the last batch
  std::ptrdiff_t went_ = 1;     // of the larger of the last two, where crowds are waited for
  int busy_ = 0;                // lanes
  std::map<Key, int> busy_keys_;
};

}  // namespace guestpass
