// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "common/nats/bus.h"
#include "common/rights_feed/listener.h"
#include "services/guest_expiry/worker/expiry_clock.h"

namespace guestpass::guest_expiry {

// Tells `clock` of each guest's next deadline that the rights feed carries, until the result is destroyed.
// Only speed: what the bus loses, the clock's own asking finds. All that is passed in outlives the result.
// INTERNAL as Bus::Subscribe.
absl::StatusOr<std::unique_ptr<rights_feed::Listener>> FollowDeadlines(nats::Bus& bus,
                                                                       const rights_feed::Signer& signer,
                                                                       ExpiryClock& clock);

}  // namespace guestpass::guest_expiry
