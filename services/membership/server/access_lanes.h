// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "services/membership/storage/access_reader.h"

namespace guestpass::membership {

// The way of access checks to the database: one statement in flight, and what is asked meanwhile gathering
// for the next one. A statement costs much more than one more query in it, so the busier it gets, the less
// each check costs. Where nothing is in flight nothing waits for more to come. Another lane begins beside a
// busy one only for who has waited for its patience, so that no slow statement holds up all. Thread-safe.
class AccessLanes {
 public:
  using Done = std::function<void(absl::StatusOr<AccessRead>)>;

  static constexpr int kLanes = 3;  // each needs a connection
  static constexpr absl::Duration kPatience = absl::Milliseconds(2);

  // `reader` outlives this.
  explicit AccessLanes(AccessReader& reader, int lanes = kLanes, absl::Duration patience = kPatience);

  ~AccessLanes() { Stop(); }

  // Answers what is queued, then ends the lanes; from then on Submit refuses. Idempotent; for one thread.
  void Stop();

  // Reads `queries`, at least one, and calls `done` with the answer, once: on a lane's thread, where it must
  // not block, from a statement that began after this call; or before this returns, with OVERLOADED, where
  // 4,096 queries wait. Never blocks. All of `queries` are read in one statement, with others' where there
  // are not more than 256 together. Errors as of AccessReader.
  void Submit(std::vector<AccessQuery> queries, Done done);

 private:
  struct Question {
    std::vector<AccessQuery> queries;
    Done done;
    absl::Duration since;  // boot time
  };

  void Run();
  bool AwaitTurn() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return queue_.empty() ? stopping_ : !watched_;
  }
  bool IsFree() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return reading_ == 0; }
  bool MayRead(int beside) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Read(std::vector<Question> batch);
  std::vector<Question> TakeBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  AccessReader& reader_;
  const absl::Duration patience_;
  absl::Mutex mutex_;
  std::deque<Question> queue_ ABSL_GUARDED_BY(mutex_);
  size_t queued_ ABSL_GUARDED_BY(mutex_) = 0;     // queries in it
  int reading_ ABSL_GUARDED_BY(mutex_) = 0;       // lanes
  bool watched_ ABSL_GUARDED_BY(mutex_) = false;  // by a lane that waits for those that read
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> lanes_;
};

}  // namespace guestpass::membership
