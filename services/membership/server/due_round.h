// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "guestpass/rights/v1/rights_service.pb.h"
#include "services/membership/storage/membership_store.h"

namespace guestpass::membership {

// One round of recording what guests' times have brought about, shard after shard in the order given. A few
// transactions are made at a time, since most of a small one is waiting for its commit. Used once.
class DueRound {
 public:
  // Records at most `limit` guests. `store` outlives this.
  DueRound(MembershipStore& store, const Actor& actor, const std::vector<uint32_t>& shards, int limit)
      : store_(store), actor_(actor), shards_(shards), left_(limit) {}

  // What was recorded; or the first error, though what other transactions recorded stays. Blocks.
  absl::StatusOr<rights::v1::ApplyDueExpirationsResponse> Run();

 private:
  void Work();
  absl::Status WorkOn(uint32_t shard);
  bool Hire();  // one worker more, where there may be
  absl::Status ApplySideBySide(uint32_t shard);
  // One transaction after the other. `last` is what the last one says.
  absl::Status ApplyAll(uint32_t shard, DueBatch& last);
  // One transaction; whether it was as much as it may be.
  absl::StatusOr<bool> Apply(uint32_t shard, DueBatch& last);
  // How many guests a transaction may record; 0 only where the limit is used up, so that no shard is left out
  // for what others reserve and then do not need.
  int Reserve();
  bool CanTell() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return left_ > 0 || reserved_ == 0; }
  void Account(int reserved, int applied);

  MembershipStore& store_;
  const Actor actor_;
  const std::vector<uint32_t> shards_;
  absl::Mutex mutex_;
  int left_ ABSL_GUARDED_BY(mutex_);          // guests that no transaction has reserved
  int reserved_ ABSL_GUARDED_BY(mutex_) = 0;  // by transactions under way
  size_t next_shard_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t workers_ ABSL_GUARDED_BY(mutex_) = 0;  // threads, each with one transaction at most
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
  rights::v1::ApplyDueExpirationsResponse done_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace guestpass::membership
