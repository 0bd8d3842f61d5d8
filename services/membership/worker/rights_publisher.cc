// SPDX-License-Identifier: Apache-2.0
#include "services/membership/worker/rights_publisher.h"

#include <utility>

#include "common/rights_feed/wire.h"

namespace guestpass::membership {
namespace {

constexpr size_t kMessageBytes = 256 << 10;

}  // namespace

void RightsPublisher::OnCommit(const CommittedEntries& committed) {
  const std::string subject = rights_feed::RightsSubject(committed.shard);
  rights_feed::Entries message{.epoch = committed.epoch, .shard = committed.shard};
  size_t bytes = 0;
  const auto publish = [&] {
    bus_.Publish(subject, signer_.SealEntries(message)).IgnoreError();
    message.entries.clear();
    bytes = 0;
  };
  for (const rights::Entry& entry : committed.entries) {
    const size_t size = rights_feed::ToProto(entry).ByteSizeLong();
    if (bytes > 0 && bytes + size > kMessageBytes) publish();
    message.entries.push_back(entry);
    bytes += size;
  }
  if (!message.entries.empty()) publish();
}

}  // namespace guestpass::membership
