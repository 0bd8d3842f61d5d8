// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/messaging_gateway/domain/message.h"

namespace guestpass::messaging {

// A post on its way into storage, and who is told what became of it.
struct Post {
  NewMessage message;
  // Called once, from another thread, with what became of the message or why that is not known. Must not
  // block.
  std::function<void(const absl::StatusOr<Appended>&)> done;
};

// Takes posts to a MessageWriter. Thread-safe.
class PostQueue {
 public:
  virtual ~PostQueue() = default;

  // Queues a post and returns at once. RESOURCE_EXHAUSTED OVERLOADED, not having kept it, where as many wait
  // as are accepted.
  virtual absl::Status Submit(Post post) = 0;
};

}  // namespace guestpass::messaging
