// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <thread>

#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace guestpass::messaging {

// Calls a function again and again, `interval` after it last returned, on a thread of its own, from
// construction to destruction.
class Ticker {
 public:
  Ticker(absl::Duration interval, std::function<void()> tick);
  ~Ticker();

 private:
  absl::Notification stop_;
  std::thread thread_;
};

}  // namespace guestpass::messaging
