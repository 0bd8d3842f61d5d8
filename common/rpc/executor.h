// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"

namespace guestpass::rpc {

// Runs what may block, away from gRPC's threads: a fixed number of threads and a bounded queue, so that
// overload is refused at once instead of piling up. Thread-safe.
class Executor {
 public:
  Executor(int threads, size_t queue_limit);

  ~Executor() { Stop(); }

  // Runs what is queued, then ends the threads; from then on Submit refuses. Idempotent; for one thread.
  void Stop();

  // Runs `work` on one of the threads, or returns false, not having kept it, where the queue is full.
  bool Submit(std::function<void()> work);

 private:
  void Work();
  bool MayGoOn() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || !queue_.empty(); }

  const size_t queue_limit_;
  absl::Mutex mutex_;
  std::deque<std::function<void()>> queue_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace guestpass::rpc
