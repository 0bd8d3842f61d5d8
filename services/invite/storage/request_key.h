// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace guestpass::invite {

// What is kept of a request with an id (A4); the answer has no secret.
struct RequestKey {
  std::string caller, method, id, hash;
};

}  // namespace guestpass::invite
