// SPDX-License-Identifier: Apache-2.0
#include "services/messaging_gateway/worker/ticker.h"

#include <utility>

namespace guestpass::messaging {

Ticker::Ticker(absl::Duration interval, std::function<void()> tick)
    : thread_([this, interval, tick = std::move(tick)] {
        while (!stop_.WaitForNotificationWithTimeout(interval)) tick();
      }) {}

Ticker::~Ticker() {
  stop_.Notify();
  thread_.join();
}

}  // namespace guestpass::messaging
