// SPDX-License-Identifier: Apache-2.0
#include "common/rights_feed/listener.h"

#include "common/status/macros.h"

namespace guestpass::rights_feed {

absl::StatusOr<std::unique_ptr<Listener>> Listener::Start(nats::Bus& bus, const Signer& signer,
                                                          OnEntry on_entry) {
  auto listener = std::unique_ptr<Listener>(new Listener(signer, std::move(on_entry)));
  Listener& self = *listener;
  const auto on_message = [&self](absl::string_view subject, absl::string_view bytes) {
    const absl::StatusOr<Entries> entries = self.signer_.OpenEntries(subject, bytes);
    if (!entries.ok()) ++self.refused_;
    if (!entries.ok()) return;
    for (const rights::Entry& entry : entries->entries) self.on_entry_(entries->shard, entry);
  };
  ASSIGN_OR_RETURN(self.subscription_, bus.Subscribe(kAllRightsSubjects, on_message));
  return listener;
}

}  // namespace guestpass::rights_feed
