// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "services/membership/testing/operations.h"

// The model and the real thing, side by side.
namespace guestpass::membership::model {

// How often all is looked at; the outcome of each operation is in any case.
enum class Look { kAfterEach, kAtTheEnd };

// Does all of it on the model and on a new installation. Says in what they differ, as soon as they do; "" if
// in nothing: outcomes; everybody's rights in every channel; what everybody is shown; and the database and a
// cache that is fed by the log.
std::string Differences(const std::vector<Operation>& sequence, Look look = Look::kAfterEach);

}  // namespace guestpass::membership::model
