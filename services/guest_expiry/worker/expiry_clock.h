// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "absl/time/time.h"
#include "common/time/clock.h"
#include "services/guest_expiry/client/guest_times.h"
#include "services/guest_expiry/domain/expiry_schedule.h"

namespace guestpass::guest_expiry {

// Sleeps until a guest's time comes and has membership record it; any number of replicas may run. If it is
// late or dead, transitions are recorded late, and no right lasts longer. It never gives up: the log says
// once when membership cannot be asked, and once when it can again. Thread-safe.
class ExpiryClock {
 public:
  // How many guests one call to membership takes at most.
  static constexpr int kBatch = 1000;

  // Begins at once, on a thread of its own. What is passed in outlives this.
  ExpiryClock(DueTransitions& transitions, const Clock& clock);
  ~ExpiryClock() { Stop(); }

  // The feed says that a guest's time comes at `due`, by membership's database.
  void Heard(absl::Time due);

  // Ends the clock; waits for the call under way, 5 s at most.
  void Stop();

 private:
  void Run();
  void Make(ExpirySchedule::Call call, std::unique_lock<std::mutex>& lock);
  absl::Status Ask(std::unique_lock<std::mutex>& lock);  // these two let go of the lock while they wait
  absl::Status Apply(std::unique_lock<std::mutex>& lock);

  DueTransitions& transitions_;
  const Clock& clock_;
  // The standard library's, because it waits by the monotonic clock: nobody who sets the host's clock may
  // stretch a wait.
  std::mutex mutex_;
  std::condition_variable wake_;
  ExpirySchedule schedule_{kBatch};  // guarded by mutex_, as is what follows
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace guestpass::guest_expiry
