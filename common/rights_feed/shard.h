// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "common/rights_feed/cell.h"
#include "common/rights_feed/kept_entries.h"
#include "common/rights_feed/rights_source.h"

namespace guestpass::rights_feed {

struct MemberView;
struct ChannelView;

// How long the cache may be trusted after heads were asked for.
inline constexpr absl::Duration kGuestWriteLease = absl::Seconds(2);
inline constexpr absl::Duration kWriteLease = absl::Seconds(30);
inline constexpr absl::Duration kReadLease = absl::Seconds(60);

// A hole that is no older may close by itself.
inline constexpr absl::Duration kHoleAge = absl::Milliseconds(20);

// What came of a call: objects whose state is another than before, and whether anybody may be waiting for the
// rest (see Observer).
struct Changes {
  std::vector<rights::Entry> changed;
  bool progress = false;
};

// One shard of a Feed: the cached objects, `applied`, the kept entries, the hole, the lease. Each method is
// one step of the model. Times are boot times. Thread-safe.
class Shard {
 public:
  Shard(const KeptLimits& limits, KeptTotal* total) : limits_(limits), kept_(total) {}

  // The first heads, or a new epoch: everything known is of another history.
  void Begin(const std::string& epoch, uint64_t head, Changes& changes);

  // The shard's head as asked for at `sent`: gives its lease once `applied` has reached it.
  void OnHead(absl::Duration sent, uint64_t head, absl::Duration boot, Changes& changes);

  // False if the entries are of another epoch.
  bool TakeIn(absl::string_view epoch, absl::Span<const rights::Entry> entries, absl::Duration boot,
              Changes& changes);

  // The number to pull after, if a hole is old enough and no pull is under way: now one is.
  std::optional<uint64_t> BeginPull(absl::Duration boot, Changes& changes);
  bool EndPull(const LogPage& page, absl::Duration boot, Changes& changes);  // false as TakeIn
  void FailPull(absl::Duration boot);
  void Truncate(absl::Duration boot, Changes& changes);

  // Caches the snapshot's objects and lets the views hold them. kBehind and kOtherEpoch change nothing.
  enum class Taken { kTaken, kBehind, kOtherEpoch };
  Taken TakeSnapshot(absl::string_view epoch, const RightsSnapshot& snapshot, absl::Duration boot,
                     MemberView& member, absl::Span<ChannelView* const> channels, Changes& changes);
  void Release(MemberView& member);
  void Release(ChannelView& channel);

  // Appends what to read anew, until there are `limit` queries.
  void AddRereads(size_t limit, std::vector<RightsQuery>& queries) const;

  // Drops the oldest kept entries, `count` at most. Feed calls it when all shards together keep too much.
  void DropKept(size_t count);
  uint64_t oldest_kept_stamp() const { return kept_.oldest_stamp(); }

  absl::Mutex& mutex() const ABSL_LOCK_RETURNED(mutex_) { return mutex_; }

  // Whether the shard is of `epoch`, and if so, whether `applied` has reached n.
  std::optional<bool> Reached(absl::string_view epoch, uint64_t n) const;
  std::pair<std::string, uint64_t> Revision() const;
  uint64_t applied() const;
  absl::Duration LeaseFrom() const;
  absl::Duration lease_from() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return lease_from_; }
  size_t cells() const;

 private:
  struct Answer {
    absl::Duration sent;
    uint64_t head;
  };

  void Take(const rights::Entry& entry, Changes& changes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Set(Cell& cell, const rights::Entry& entry, Changes& changes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Mark(Cell& cell) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Settle(absl::Duration boot, Changes& changes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FinishReread(Changes& changes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void GiveLease(absl::Duration boot, Changes& changes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Trim(size_t most) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Hear(uint64_t n) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { heard_ = std::max(heard_, n); }
  Cell* Hold(const ObjectKey& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Drop(Cell*& cell) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const KeptLimits& limits_;
  mutable absl::Mutex mutex_;
  std::string epoch_ ABSL_GUARDED_BY(mutex_);
  uint64_t applied_ ABSL_GUARDED_BY(mutex_) = 0;   // the highest n without a hole below
  uint64_t heard_ ABSL_GUARDED_BY(mutex_) = 0;     // the highest n that is known to exist
  uint64_t taken_in_ ABSL_GUARDED_BY(mutex_) = 0;  // the highest n whose entry or snapshot came
  absl::Duration lease_from_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
  std::vector<Answer> answers_ ABSL_GUARDED_BY(mutex_);  // heads that `applied` has not reached
  absl::Duration hole_since_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteDuration();
  bool pulling_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<uint64_t> reread_to_ ABSL_GUARDED_BY(mutex_);  // the head noted at a truncation
  size_t to_read_ ABSL_GUARDED_BY(mutex_) = 0;                 // cells with `to_read`
  KeptEntries kept_;  // guarded too, but for its stamp; whole from kept_from_ on
  uint64_t kept_from_ ABSL_GUARDED_BY(mutex_) = 1;  // every n from here to `applied_` is kept
  absl::flat_hash_map<ObjectKey, std::unique_ptr<Cell>> cells_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<const MemberView*> members_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_set<const ChannelView*> channels_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace guestpass::rights_feed
