// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "common/postgres/pipeline.h"
#include "services/membership/storage/reads.h"

namespace guestpass::membership {

// Queues what reads the rights of `queries` into `read`, which is empty, in their order. The epoch and the
// clock come first: of a snapshot that is taken by then. Both outlive the run.
void QueueRights(postgres::Pipeline& pipeline, const std::vector<RightsQuery>& queries, RightsRead& read);

}  // namespace guestpass::membership
