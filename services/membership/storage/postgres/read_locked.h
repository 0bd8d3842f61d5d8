// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "common/postgres/pipeline.h"
#include "services/membership/storage/locks.h"

namespace guestpass::membership {

// A plan of one of several changes, and what was found under its locks.
struct PlannedLocks {
  const LockPlan* plan = nullptr;
  Locked* locked = nullptr;
  bool granted = false;  // whether it has all of them
};

// Says in each plan's `locked` what is there now: sends what is queued, in one round trip.
absl::Status ReadLocked(postgres::Pipeline& pipeline, const std::vector<PlannedLocks>& plans);

}  // namespace guestpass::membership
