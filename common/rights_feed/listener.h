// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "common/nats/bus.h"
#include "common/rights_feed/signed_payload.h"

namespace guestpass::rights_feed {

// Hears the rights log as it is published, verified, and keeps nothing: a reason to look sooner, never a
// truth. What is lost on the bus is not repaired. Thread-safe. What is passed in must outlive it.
class Listener {
 public:
  using OnEntry = std::function<void(uint32_t shard, const rights::Entry& entry)>;

  // Calls `on_entry`, on the bus's thread, for each entry until destroyed. INTERNAL as Bus::Subscribe.
  static absl::StatusOr<std::unique_ptr<Listener>> Start(nats::Bus& bus, const Signer& signer,
                                                         OnEntry on_entry);

  // Messages that were not genuine or not well-formed.
  uint64_t refused_messages() const { return refused_.load(); }

 private:
  Listener(const Signer& signer, OnEntry on_entry) : signer_(signer), on_entry_(std::move(on_entry)) {}

  const Signer& signer_;
  const OnEntry on_entry_;
  std::atomic<uint64_t> refused_{0};
  std::unique_ptr<nats::Subscription> subscription_;  // last: ends first
};

}  // namespace guestpass::rights_feed
