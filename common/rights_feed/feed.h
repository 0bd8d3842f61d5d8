// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "common/rights_feed/member_rights.h"
#include "common/rights_feed/observer.h"
#include "common/rights_feed/rights_source.h"
#include "common/rights_feed/shard.h"
#include "common/time/anchored_clock.h"

namespace guestpass::rights_feed {

// A number of a shard's log with the history that it belongs to; compared within one epoch only.
struct Revision {
  std::string epoch;
  uint64_t n = 0;
};

// The rights log as a reader holds and follows it: docs/architecture.md, "Rights that cannot be lost", 3 to
// 6, for all shards. A pure state machine: no threads, no I/O, no clock; all times of day in the arguments
// are Clock::Boot()'s. Thread-safe, with one lock a shard.
class Feed {
 public:
  explicit Feed(Observer* observer = nullptr, KeptLimits limits = {});
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // Entries from the bus, verified. Those of another epoch are dropped, and heads are wanted.
  void OnEntries(const Entries& entries, absl::Duration boot);

  // Heads that were asked for at `sent` and came at `received`. The first ones begin to follow; those of a
  // new epoch drop everything cached. An answer of another epoch whose request began before the present epoch
  // was first seen may be of an older one, and is dropped.
  void OnHeads(absl::Duration sent, absl::Duration received, const Heads& heads);

  // Holes that are older than 20 ms, at most one a shard, each counted as under way from now on until one of
  // the three below is called for it.
  struct Pull {
    uint32_t shard = 0;
    uint64_t after_n = 0;
  };
  std::vector<Pull> PullsWanted(absl::Duration boot);
  void OnPulled(uint32_t shard, const LogPage& page, absl::Duration boot);
  void OnPullFailed(uint32_t shard, absl::Duration boot);
  // FEED_TRUNCATED: reads every cached object of the shard anew, then moves `applied` to the head known now.
  void OnTruncated(uint32_t shard, absl::Duration boot);

  // Whether heads should be asked for at once; true once for each cause.
  bool TakeHeadsWanted() { return heads_wanted_.exchange(false); }

  // Caches a snapshot's objects and returns a hold on them; its first channel's too where the query had one.
  // Nothing if the snapshot cannot be brought forward to `applied`, or is of another epoch, or there are no
  // heads yet: then it must be read again. Must be found.
  struct Held {
    MemberRights member;
    std::vector<ChannelRights> channels;  // in the query's order
  };
  std::optional<Held> OnSnapshot(const RightsQuery& query, absl::string_view epoch,
                                 const RightsSnapshot& snapshot, absl::Duration boot);

  // What to read anew because it is unknown after a new epoch, or behind after a truncation: at most `limit`
  // queries, the same ones until OnSnapshot has taken their answers in.
  std::vector<RightsQuery> RereadsWanted(size_t limit);

  // Whether the reader has taken in all that `revision` says. One of another epoch waits for a heads answer
  // begun after it was first seen here; an epoch thus found to be past waits no more.
  bool Reached(uint32_t shard, const Revision& revision, absl::Duration boot);

  // The sender's rights revision: the highest number taken in, beyond a hole and by snapshots too.
  Revision revision(uint32_t shard) const;

  uint64_t applied(uint32_t shard) const;
  // The boot time that the shard's leases run from; minus infinity before the first.
  absl::Duration LeaseFrom(uint32_t shard) const;
  std::string epoch() const;
  bool following() const { return following_.load(); }
  const AnchoredClock& clock() const { return clock_; }
  size_t cached_objects() const;
  size_t kept_bytes() const { return kept_.bytes.load(); }

 private:
  // False if the answer is to be dropped.
  bool JudgeEpoch(absl::Duration sent, absl::Duration received, const std::string& epoch, bool& begins)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(epoch_mutex_);
  void RememberPast(const std::string& epoch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(epoch_mutex_);
  void OnOtherEpoch(absl::string_view epoch);
  void Tell(uint32_t shard, const Changes& changes);
  void TrimKept();

  Observer* const observer_;
  const KeptLimits limits_;
  AnchoredClock clock_;
  std::atomic<bool> following_{false};
  std::atomic<bool> heads_wanted_{false};
  KeptTotal kept_;

  mutable absl::Mutex epoch_mutex_;  // before any shard's
  std::string epoch_ ABSL_GUARDED_BY(epoch_mutex_);
  absl::Duration epoch_seen_ ABSL_GUARDED_BY(epoch_mutex_) = -absl::InfiniteDuration();
  std::deque<std::string> past_ ABSL_GUARDED_BY(epoch_mutex_);
  std::map<std::string, absl::Duration> waiting_ ABSL_GUARDED_BY(epoch_mutex_);  // epoch, first seen

  std::array<std::unique_ptr<Shard>, rights::kShards> shards_;
};

}  // namespace guestpass::rights_feed
