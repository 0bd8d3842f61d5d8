// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "absl/container/btree_map.h"
#include "common/rights/objects.h"

namespace guestpass::rights_feed {

struct KeptLimits {
  size_t entries_per_shard = 4'096;
  size_t bytes = size_t{64} << 20;  // in all shards
};

// What all shards keep together. Thread-safe.
struct KeptTotal {
  std::atomic<size_t> bytes{0};
  std::atomic<uint64_t> next_stamp{1};
};

// The newest entries of one shard by number, so that a snapshot can be brought forward and a hole closed.
// Guarded by its shard's lock, but for oldest_stamp.
class KeptEntries {
 public:
  static constexpr uint64_t kNone = UINT64_MAX;

  explicit KeptEntries(KeptTotal* total) : total_(total) {}
  ~KeptEntries() { Clear(); }

  // Does nothing for a number that is kept already.
  void Keep(const rights::Entry& entry);

  bool Has(uint64_t n) const { return entries_.contains(n); }
  size_t size() const { return entries_.size(); }

  // Calls `f` with each entry beyond n, in order.
  template <typename F>
  void ForEachAfter(uint64_t n, F f) const {
    for (auto it = entries_.upper_bound(n); it != entries_.end(); ++it) f(it->second.entry);
  }

  // Drops the entry with the lowest number, and returns that number. There must be one.
  uint64_t DropLowest();
  void DropThrough(uint64_t n);
  void Clear();

  // When the entry with the lowest number came, in the order of all shards' comings; kNone without one.
  uint64_t oldest_stamp() const { return oldest_stamp_.load(std::memory_order_relaxed); }

 private:
  struct Kept {
    rights::Entry entry;
    uint64_t stamp;
    size_t bytes;
  };

  void Publish();

  KeptTotal* const total_;
  absl::btree_map<uint64_t, Kept> entries_;
  std::atomic<uint64_t> oldest_stamp_{kNone};
};

}  // namespace guestpass::rights_feed
