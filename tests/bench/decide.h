// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/bench/row.h"

namespace guestpass::bench {

// `decide_hot`: nanoseconds of one decision to let a guest post, with the handles that a stream holds.
Figures MeasureDecide();

}  // namespace guestpass::bench
