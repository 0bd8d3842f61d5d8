// SPDX-License-Identifier: Apache-2.0
#include "services/guest_expiry/worker/deadline_feed.h"

#include <variant>

#include "services/guest_expiry/domain/expiration.h"

namespace guestpass::guest_expiry {

absl::StatusOr<std::unique_ptr<rights_feed::Listener>> FollowDeadlines(nats::Bus& bus,
                                                                       const rights_feed::Signer& signer,
                                                                       ExpiryClock& clock) {
  return rights_feed::Listener::Start(bus, signer, [&clock](uint32_t, const rights::Entry& entry) {
    const auto* member = std::get_if<rights::MemberState>(&entry.object);
    if (member == nullptr) return;
    const absl::Time due = NextTransition(*member);
    if (due != absl::InfiniteFuture()) clock.Heard(due);
  });
}

}  // namespace guestpass::guest_expiry
