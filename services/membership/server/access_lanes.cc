// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/access_lanes.h"

#include <iterator>
#include <utility>

#include "services/membership/server/overloaded.h"

namespace guestpass::membership {
namespace {

constexpr size_t kBatch = 256;
constexpr size_t kQueued = 4096;

}  // namespace

AccessLanes::AccessLanes(AccessReader& reader, int lanes) : reader_(reader) {
  for (int i = 0; i < lanes; ++i) lanes_.emplace_back([this] { Run(); });
}

void AccessLanes::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (std::thread& lane : lanes_) lane.join();
  lanes_.clear();
}

void AccessLanes::Submit(std::vector<AccessQuery> queries, Done done) {
  {
    absl::MutexLock lock(&mutex_);
    if (!stopping_ && queued_ < kQueued) {
      queued_ += queries.size();
      queue_.push_back({std::move(queries), std::move(done)});
      return;
    }
  }
  done(Overloaded("access checks"));
}

void AccessLanes::Run() {
  for (;;) {
    std::vector<Question> batch;
    {
      absl::MutexLock lock(&mutex_);
      const auto ready = [this]()
                             ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || !queue_.empty(); };
      mutex_.Await(absl::Condition(&ready));
      batch = TakeBatch();
    }
    if (batch.empty()) return;
    Read(std::move(batch));
  }
}

std::vector<AccessLanes::Question> AccessLanes::TakeBatch() {
  std::vector<Question> batch;
  size_t queries = 0;
  while (!queue_.empty()) {
    queries += queue_.front().queries.size();
    if (!batch.empty() && queries > kBatch) break;
    queued_ -= queue_.front().queries.size();
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return batch;
}

void AccessLanes::Read(std::vector<Question> batch) {
  std::vector<AccessQuery> queries;
  for (const Question& question : batch) {
    queries.insert(queries.end(), question.queries.begin(), question.queries.end());
  }
  absl::StatusOr<AccessRead> read = reader_.ReadAccess(queries);
  auto next = read.ok() ? read->rights.begin() : std::vector<AccessRights>::iterator();
  for (Question& question : batch) {
    if (!read.ok()) {
      question.done(read.status());
      continue;
    }
    AccessRead answer{.epoch = read->epoch, .now = read->now};
    const auto end = next + static_cast<std::ptrdiff_t>(question.queries.size());
    answer.rights.assign(std::make_move_iterator(next), std::make_move_iterator(end));
    next = end;
    question.done(std::move(answer));
  }
}

}  // namespace guestpass::membership
