// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "common/rights/objects.h"

namespace guestpass::rights_feed {

// Told what the feed takes in, on the thread that fed it, with no lock of the feed held. Calls may overtake
// each other: read the state that holds through MemberRights, and compare n where order matters. Must outlive
// the Feed.
class Observer {
 public:
  virtual ~Observer() = default;

  // The state of a cached object is another than before. `entry` has no times (absl::Time()) where the change
  // was seen in a snapshot.
  virtual void OnChanged(uint32_t shard, const rights::Entry& entry) = 0;

  // `applied` advanced, a lease was given anew, or objects became unknown or were read anew: who waits for
  // something of this shard looks again.
  virtual void OnProgress(uint32_t shard) = 0;
};

}  // namespace guestpass::rights_feed
