// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/due_round.h"

#include <algorithm>
#include <thread>

#include "common/status/macros.h"

namespace guestpass::membership {
namespace {

constexpr int kBatch = 250;  // guests in one transaction
constexpr size_t kWorkers = 4;

}  // namespace

absl::StatusOr<rights::v1::ApplyDueExpirationsResponse> DueRound::Run() {
  std::vector<std::thread> others;
  Hire();
  while (others.size() + 1 < shards_.size() && Hire()) others.emplace_back([this] { Work(); });
  Work();
  for (std::thread& other : others) other.join();
  absl::MutexLock lock(&mutex_);
  if (!error_.ok()) return error_;
  return done_;
}

void DueRound::Work() {
  while (true) {
    uint32_t shard;
    {
      absl::MutexLock lock(&mutex_);
      if (next_shard_ == shards_.size() || left_ == 0 || !error_.ok()) {
        --workers_;
        return;
      }
      shard = shards_[next_shard_++];
    }
    const absl::Status status = WorkOn(shard);
    absl::MutexLock lock(&mutex_);
    if (error_.ok()) error_ = status;
  }
}

// Alone until it has met a crowd, then two side by side, of which neither knows what the other leaves, and
// alone again for the rest.
absl::Status DueRound::WorkOn(uint32_t shard) {
  DueBatch last;
  ASSIGN_OR_RETURN(const bool is_crowd, Apply(shard, last));
  if (is_crowd && Hire()) RETURN_IF_ERROR(ApplySideBySide(shard));
  if (is_crowd) RETURN_IF_ERROR(ApplyAll(shard, last));
  absl::MutexLock lock(&mutex_);
  done_.set_skipped(done_.skipped() + last.skipped);
  done_.set_busy_shards(done_.busy_shards() + (last.busy ? 1 : 0));
  return absl::OkStatus();
}

bool DueRound::Hire() {
  absl::MutexLock lock(&mutex_);
  if (workers_ == kWorkers) return false;
  ++workers_;
  return true;
}

absl::Status DueRound::ApplySideBySide(uint32_t shard) {
  absl::Status others;
  std::thread other([&] {
    DueBatch last;
    others = ApplyAll(shard, last);
    absl::MutexLock lock(&mutex_);
    --workers_;
  });
  DueBatch last;
  absl::Status status = ApplyAll(shard, last);
  other.join();
  status.Update(others);
  return status;
}

absl::Status DueRound::ApplyAll(uint32_t shard, DueBatch& last) {
  for (bool is_more = true; is_more;) {
    ASSIGN_OR_RETURN(is_more, Apply(shard, last));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> DueRound::Apply(uint32_t shard, DueBatch& last) {
  last = {};
  const int reserved = Reserve();
  if (reserved == 0) return false;
  absl::StatusOr<DueBatch> batch = store_.ApplyDue(shard, reserved, actor_);
  if (batch.ok()) last = *batch;
  Account(reserved, last.applied);
  RETURN_IF_ERROR(batch.status());
  return last.applied == reserved;
}

int DueRound::Reserve() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &DueRound::CanTell));
  const int reserved = std::min(kBatch, left_);
  left_ -= reserved;
  reserved_ += reserved;
  return reserved;
}

void DueRound::Account(int reserved, int applied) {
  absl::MutexLock lock(&mutex_);
  left_ += reserved - applied;
  reserved_ -= reserved;
  done_.set_applied(done_.applied() + applied);
}

}  // namespace guestpass::membership
