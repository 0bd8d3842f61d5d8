// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/due_round.h"

#include <algorithm>
#include <thread>

namespace guestpass::membership {
namespace {

constexpr int kBatch = 250;     // guests in one transaction
constexpr size_t kAtATime = 4;  // shards

}  // namespace

absl::StatusOr<rights::v1::ApplyDueExpirationsResponse> DueRound::Run() {
  std::vector<std::thread> others;
  for (size_t i = 1; i < std::min(kAtATime, shards_.size()); ++i) {
    others.emplace_back([this] { Work(); });
  }
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
      if (next_shard_ == shards_.size() || left_ == 0 || !error_.ok()) return;
      shard = shards_[next_shard_++];
    }
    const absl::Status status = WorkOn(shard);
    absl::MutexLock lock(&mutex_);
    if (error_.ok()) error_ = status;
  }
}

absl::Status DueRound::WorkOn(uint32_t shard) {
  while (const int reserved = Reserve()) {
    const auto batch = store_.ApplyDue(shard, reserved, actor_);
    Account(reserved, batch.value_or(DueBatch()));
    if (!batch.ok()) return batch.status();
    if (batch->applied < reserved) break;
  }
  return absl::OkStatus();
}

int DueRound::Reserve() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &DueRound::CanTell));
  const int reserved = std::min(kBatch, left_);
  left_ -= reserved;
  reserved_ += reserved;
  return reserved;
}

void DueRound::Account(int reserved, const DueBatch& batch) {
  absl::MutexLock lock(&mutex_);
  left_ += reserved - batch.applied;
  reserved_ -= reserved;
  done_.set_applied(done_.applied() + batch.applied);
  done_.set_skipped(done_.skipped() + batch.skipped);
  done_.set_busy_shards(done_.busy_shards() + (batch.busy ? 1 : 0));
}

}  // namespace guestpass::membership
