// SPDX-License-Identifier: Apache-2.0
#include "common/nats/bus.h"

namespace guestpass::nats {

void Receiver::Deliver(absl::string_view subject, absl::string_view bytes) {
  absl::MutexLock lock(&mutex_);
  if (on_message_ != nullptr) on_message_(subject, bytes);
}

void Receiver::Close() {
  absl::MutexLock lock(&mutex_);
  on_message_ = nullptr;
}

}  // namespace guestpass::nats
