// SPDX-License-Identifier: Apache-2.0
#include "common/rights_feed/kept_entries.h"

namespace guestpass::rights_feed {
namespace {

constexpr size_t kNodeBytes = 64;

size_t BytesOf(const rights::Entry& entry) {
  const auto* member = std::get_if<rights::MemberState>(&entry.object);
  const size_t grants = member == nullptr ? 0 : member->grants.size();
  return sizeof(rights::Entry) + kNodeBytes + grants * sizeof(ChannelId);
}

}  // namespace

void KeptEntries::Keep(const rights::Entry& entry) {
  const auto [it, inserted] = entries_.try_emplace(entry.n);
  if (!inserted) return;
  it->second = {.entry = entry, .stamp = total_->next_stamp.fetch_add(1), .bytes = BytesOf(entry)};
  total_->bytes.fetch_add(it->second.bytes);
  Publish();
}

uint64_t KeptEntries::DropLowest() {
  const auto lowest = entries_.begin();
  const uint64_t n = lowest->first;
  total_->bytes.fetch_sub(lowest->second.bytes);
  entries_.erase(lowest);
  Publish();
  return n;
}

void KeptEntries::DropThrough(uint64_t n) {
  while (!entries_.empty() && entries_.begin()->first <= n) DropLowest();
}

void KeptEntries::Clear() { DropThrough(UINT64_MAX); }

void KeptEntries::Publish() {
  oldest_stamp_.store(entries_.empty() ? kNone : entries_.begin()->second.stamp, std::memory_order_relaxed);
}

}  // namespace guestpass::rights_feed
