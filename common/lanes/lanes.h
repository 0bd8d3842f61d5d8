// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "common/lanes/line.h"
#include "common/lanes/place.h"

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
    Crowd crowd;
    crowd.places.reserve(items.size());
    for (Item* item : items) crowd.places.push_back({.item = item, .waits = &crowd.called});
    std::unique_lock<std::mutex> lock(mutex_);
    Enter(crowd, lock);
    while (Place* leader = AwaitLead(crowd, lock)) {
      lock.unlock();
      Lead(*leader, crowd);
      lock.lock();
      line_.Dismiss(*leader);
    }
  }

  // How many wait now.
  size_t waiting() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return line_.waiting();
  }

 private:
  using Place = typename Line<Item, Company>::Place;
  using Lock = std::unique_lock<std::mutex>;

  using Crowd = LaneCrowd<Item, Company>;

  void Enter(Crowd& crowd, Lock& lock) {
    bool gathers = false;
    for (Place& place : crowd.places) {
      place.late = patience_ == absl::ZeroDuration();
      gathers = line_.Enter(place) || gathers;
    }
    line_.CallLeaders();
    if (gathers && !IsCalledWithin(gather_, crowd, lock)) {
      line_.Ripen();
      line_.CallLeaders();
    }
    if (patience_ > absl::ZeroDuration() && !IsCalledWithin(patience_, crowd, lock)) {
      crowd.MakeLate();
      line_.CallLeaders();
    }
  }

  // By a clock that nobody sets.
  static bool IsCalledWithin(absl::Duration time, Crowd& crowd, Lock& lock) {
    return crowd.called.wait_for(lock, absl::ToChronoNanoseconds(time), [&] { return crowd.is_called(); });
  }

  // Null once all are done.
  static Place* AwaitLead(Crowd& crowd, Lock& lock) {
    crowd.called.wait(lock, [&] { return crowd.is_called(); });
    return crowd.leader();
  }

  // Who did not go along has waited for long enough.
  void Lead(const Place& leader, Crowd& crowd) {
    Batch batch;
    for (const Place* taken : leader.batch) batch.push_back(taken->item);
    work_(batch);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      line_.Leave(leader);
      crowd.MakeLate();
      line_.CallLeaders();
    }
    if (then_) then_(batch);
  }

  const absl::Duration patience_, gather_;
  const std::function<void(const Batch&)> work_, then_;
  std::mutex mutex_;
  Line<Item, Company> line_;  // guarded by mutex_
};

}  // namespace guestpass
