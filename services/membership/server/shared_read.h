// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace guestpass::membership {

// Lets callers who all asked before a read began share it: each gets an answer whose read began after it
// asked. One read runs at a time; who comes meanwhile shares the next. Thread-safe.
template <typename T>
class SharedRead {
 public:
  // `read` blocks, and is called from the askers' threads.
  explicit SharedRead(std::function<absl::StatusOr<T>()> read) : read_(std::move(read)) {}

  absl::StatusOr<T> Get() {
    std::shared_ptr<Round> round;
    {
      absl::MutexLock lock(&mutex_);
      if (next_ != nullptr) {
        round = next_;
        ++round->askers;
        mutex_.Await(absl::Condition(&round->done));
        return round->answer;
      }
      round = next_ = std::make_shared<Round>();
      mutex_.Await(absl::Condition(
          +[](bool* running) { return !*running; }, &running_));
      running_ = true;
      next_ = nullptr;
    }
    absl::StatusOr<T> answer = read_();
    absl::MutexLock lock(&mutex_);
    running_ = false;
    round->answer = answer;
    round->done = true;
    return answer;
  }

  // How many wait for a read that has not begun.
  int waiting() const {
    absl::MutexLock lock(&mutex_);
    return next_ == nullptr ? 0 : next_->askers;
  }

 private:
  struct Round {
    int askers = 1;
    bool done = false;
    absl::StatusOr<T> answer;
  };

  const std::function<absl::StatusOr<T>()> read_;
  mutable absl::Mutex mutex_;
  bool running_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<Round> next_ ABSL_GUARDED_BY(mutex_);  // the round that has not begun
};

}  // namespace guestpass::membership
