// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace guestpass {

// A worker's rounds on a thread of its own, until it is stopped. Thread-safe.
class Rounds {
 public:
  ~Rounds() { Stop(); }

  // Begins the first round at once, and each other one `interval` after the end of the one before. Called
  // once.
  void Start(std::function<void()> round, absl::Duration interval);

  // Ends after the round under way, whose Pause and Repeat end at once. Idempotent; nothing if it was never
  // started.
  void Stop();

  // Waits for so long. False: it is stopped.
  bool Pause(absl::Duration duration);

  // Does `step` until it gives 0, for `turn` at most or until it is stopped, with a short breath between two
  // steps, for who waits for the same disk. The step's error.
  absl::Status Repeat(absl::FunctionRef<absl::StatusOr<int64_t>()> step,
                      absl::Duration turn = absl::InfiniteDuration());

 private:
  // The standard library's, because it waits by the monotonic clock: nobody who sets the host's clock may
  // stretch a wait.
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace guestpass
