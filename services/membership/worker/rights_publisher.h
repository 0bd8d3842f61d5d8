// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/nats/bus.h"
#include "common/rights_feed/signed_payload.h"
#include "services/membership/storage/commit_listener.h"

namespace guestpass::membership {

// Publishes committed entries, sealed, on their shard's subject, in messages of about 256 KiB at most. What
// cannot be published is lost: readers find it in the log. Thread-safe.
class RightsPublisher : public CommitListener {
 public:
  // Both outlive this.
  RightsPublisher(nats::Bus& bus, const rights_feed::Signer& signer) : bus_(bus), signer_(signer) {}

  void OnCommit(const CommittedEntries& committed) override;

 private:
  nats::Bus& bus_;
  const rights_feed::Signer& signer_;
};

}  // namespace guestpass::membership
