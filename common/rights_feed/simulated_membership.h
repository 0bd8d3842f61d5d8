// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "common/rights_feed/cell.h"
#include "common/rights_feed/rights_source.h"
#include "common/time/clock.h"

namespace guestpass::rights_feed {

// The id of that kind with that number: for tests.
template <typename IdType>
IdType TestId(int number) {
  std::string text(IdType::kLength, 'a');
  for (size_t i = text.size(); number > 0; number /= 26) text[--i] = static_cast<char>('a' + number % 26);
  return *IdType::Parse(text);
}

// Membership's database for tests, in memory: one organization's shard with its log and its objects, and
// empty other shards. Its clock is the simulated clock's. Thread-safe.
class SimulatedMembership : public RightsSource {
 public:
  SimulatedMembership(const Clock& clock, uint32_t shard) : clock_(clock), shard_(shard) {}

  // Commits a change, and returns it as it is to be published.
  Entries Commit(const rights::Object& object);

  // Commits that a user is a guest with grants to the channels and without end, or that it is no member.
  Entries CommitGuest(const WorkspaceId& workspace, const UserId& user, std::vector<ChannelId> grants);
  Entries CommitNoMember(const WorkspaceId& workspace, const UserId& user);

  // A restart, or a restored backup: the last `forgotten` entries are gone, and what is left has another
  // epoch.
  void BeginEpoch(const std::string& epoch, size_t forgotten = 0);

  // The log begins after n.
  void Prune(uint64_t n);

  // While false, every call fails.
  void SetReachable(bool reachable);

  uint64_t head() const;
  rights::Object Truth(const rights::Object& absent) const;
  int batches() const;

  absl::StatusOr<Heads> GetRightsHeads() override;
  absl::StatusOr<LogPage> ListRightsChanges(uint32_t shard, uint64_t after_n) override;
  absl::StatusOr<RightsBatch> BatchGetRights(const std::vector<RightsQuery>& queries) override;

 private:
  rights::Object Get(const rights::Object& absent) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  RightsSnapshot Read(const RightsQuery& query) const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  absl::Status CheckReachable() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);

  const Clock& clock_;
  const uint32_t shard_;
  mutable absl::Mutex mutex_;
  bool reachable_ ABSL_GUARDED_BY(mutex_) = true;
  std::string epoch_ ABSL_GUARDED_BY(mutex_) = "epoch-1";
  uint64_t pruned_n_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<rights::Entry> log_ ABSL_GUARDED_BY(mutex_);  // n at n - 1
  int batches_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace guestpass::rights_feed
