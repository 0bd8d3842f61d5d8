// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "rapidcheck.h"
#include "services/membership/testing/operations.h"

// Random calls. What uses this is compiled with exceptions, which are how rapidcheck ends a case.
namespace guestpass::membership::model {

rc::Gen<absl::Duration> AnyGrace();

// Any sequence of operations up to that many, each by and about anybody. Shrinks to fewer and plainer ones.
rc::Gen<std::vector<Operation>> AnyOperations(int most);

}  // namespace guestpass::membership::model
