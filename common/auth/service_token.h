// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/auth/watched_file.h"
#include "common/time/clock.h"

namespace guestpass::auth {

// The token that this service calls others with, in a file that whoever renews it replaces. Thread-safe.
class ServiceToken {
 public:
  // FAILED_PRECONDITION with a sentence for whoever starts the service, where the file cannot be read or has
  // no token in it. `clock` outlives this.
  static absl::StatusOr<std::unique_ptr<ServiceToken>> Open(std::string path,
                                                            const Clock& clock = SystemClock());

  // The token; looks at the file where the last look is a second old. While the file is missing or empty the
  // last token stays in use, and a log line says so once.
  std::string Get() const;

 private:
  ServiceToken(std::string path, const Clock& clock) : clock_(clock), file_(std::move(path)) {}

  absl::Status Look() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  mutable absl::Mutex mutex_;
  mutable WatchedFile file_ ABSL_GUARDED_BY(mutex_);
  mutable absl::Duration looked_ ABSL_GUARDED_BY(mutex_);  // by boot time
  mutable std::string token_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace guestpass::auth
