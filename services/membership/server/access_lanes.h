// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "services/membership/storage/access_reader.h"

namespace guestpass::membership {

// The way of access checks to the database: few lanes, one statement in flight each, and what is asked
// meanwhile gathering for the next one that comes free. A statement costs much more than one more query in
// it, so the busier it gets, the less each check costs. Nothing waits for more to come. Thread-safe.
class AccessLanes {
 public:
  using Done = std::function<void(absl::StatusOr<AccessRead>)>;

  static constexpr int kLanes = 3;  // each needs a connection

  // `reader` outlives this.
  explicit AccessLanes(AccessReader& reader, int lanes = kLanes);

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
  };

  void Run();
  void Read(std::vector<Question> batch);
  std::vector<Question> TakeBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  AccessReader& reader_;
  absl::Mutex mutex_;
  std::deque<Question> queue_ ABSL_GUARDED_BY(mutex_);
  size_t queued_ ABSL_GUARDED_BY(mutex_) = 0;  // queries in it
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> lanes_;
};

}  // namespace guestpass::membership
