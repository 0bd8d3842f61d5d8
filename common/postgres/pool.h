// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/postgres/session.h"

namespace guestpass::postgres {

struct PoolOptions {
  std::string conninfo;
  int size = 8;                                     // connections at most
  absl::Duration lease_timeout = absl::Seconds(1);  // how long Acquire waits for one to come free
  absl::Duration statement_timeout = absl::Seconds(5);
  absl::Duration connect_timeout = absl::Seconds(3);
  std::string application_name = "guestpass";
};

class Pool;

// A session on loan; goes back when this goes away. A broken one, or one left inside a transaction, is
// closed.
class Lease {
 public:
  Lease(Lease&& other) noexcept
      : pool_(std::exchange(other.pool_, nullptr)), session_(std::move(other.session_)) {}
  Lease& operator=(Lease&& other) = delete;
  ~Lease();

  Session& operator*() const { return *session_; }
  Session* operator->() const { return session_.get(); }

 private:
  friend class Pool;
  Lease(Pool* pool, std::unique_ptr<Session> session) : pool_(pool), session_(std::move(session)) {}

  Pool* pool_;
  std::unique_ptr<Session> session_;
};

// At most `size` connections, made when first needed and made anew when the database went away, so a restart
// of the database needs none of ours. Thread-safe; outlives its leases.
class Pool {
 public:
  explicit Pool(PoolOptions options) : options_(std::move(options)) {}

  // Blocks up to lease_timeout for a free session, and up to connect_timeout to connect. RESOURCE_EXHAUSTED
  // OVERLOADED, DATABASE_UNAVAILABLE.
  absl::StatusOr<Lease> Acquire();

 private:
  friend class Lease;
  struct Idle {
    std::unique_ptr<Session> session;
    std::chrono::steady_clock::time_point since;
  };

  std::optional<Idle> TakeIdle();
  void Return(std::unique_ptr<Session> session);

  const PoolOptions options_;
  absl::Mutex mutex_;
  std::vector<Idle> idle_ ABSL_GUARDED_BY(mutex_);
  int on_loan_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace guestpass::postgres
