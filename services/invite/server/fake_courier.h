// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "common/status/error.h"
#include "services/invite/client/courier.h"

namespace guestpass::invite {

// A mail server, as an edge of the process: it keeps what it got and says what it is told to. Thread-safe.
class FakeCourier : public Courier {
 public:
  using Outcome = absl::StatusOr<mail::Handover>;

  // Set by hand; runs without a lock.
  std::function<Outcome(const Invitation&)> deliver = [](const Invitation&) { return mail::Handover::kSent; };

  Outcome Deliver(const Invitation& invitation) override {
    {
      absl::MutexLock lock(&mutex_);
      got_.push_back(invitation);
    }
    return deliver(invitation);
  }

  std::vector<Invitation> got() const {
    absl::MutexLock lock(&mutex_);
    return got_;
  }

  static absl::Status Refused() { return mail::DeliveryFailed(true); }

 private:
  mutable absl::Mutex mutex_;
  std::vector<Invitation> got_;
};

}  // namespace guestpass::invite
