// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/time/time.h"
#include "common/rights/decide.h"
#include "common/rights_feed/member_rights.h"

// The one call that a gateway makes on every read and write (docs/architecture.md, "Rights that cannot be
// lost", 7). No I/O, no allocation; a shard's lock for reading. Thread-safe.
namespace guestpass::rights_feed {

struct Decision {
  // Nothing: allowed. kRightsStale also where the objects are not known (a new epoch) or there is no clock
  // yet.
  std::optional<rights::Refusal> refusal;
  rights::Authority authority;  // as cached: its `expire_time` is a bound of the fence
  // When the lease that this action needs ends, by Clock::Boot(): the fence's other bound, to be carried into
  // the messaging database's clock by that database's own AnchoredClock::Earliest.
  absl::Duration lease_end;
};

// Whether the user may do `action` in the channel at boot time `boot`.
Decision Decide(const ChannelRights& rights, rights::Action action, absl::Duration boot);

// Whether the user may be in the workspace at boot time `boot`, to read or to write.
Decision DecideEntry(const MemberRights& rights, bool writes, absl::Duration boot);

}  // namespace guestpass::rights_feed
