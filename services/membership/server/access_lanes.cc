// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/access_lanes.h"

#include <iterator>
#include <utility>

#include "common/time/clock.h"
#include "services/membership/server/overloaded.h"

namespace guestpass::membership {
namespace {

constexpr size_t kBatch = 256;
constexpr size_t kQueued = 4096;

}  // namespace

AccessLanes::AccessLanes(AccessReader& reader, int lanes, absl::Duration patience)
    : reader_(reader), patience_(patience) {
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
      queue_.push_back({std::move(queries), std::move(done), SystemClock().Boot()});
      return;
    }
  }
  done(Overloaded("access checks"));
}

void AccessLanes::Run() {
  absl::MutexLock lock(&mutex_);
  while (AwaitTurn()) {
    ++reading_;
    do {
      std::vector<Question> batch = TakeBatch();
      mutex_.Unlock();
      Read(std::move(batch));
      mutex_.Lock();
    } while (MayRead(/*beside=*/reading_ - 1));
    --reading_;
  }
}

// One of those that have nothing to do watches over who waits. False: the lanes end.
bool AccessLanes::AwaitTurn() {
  for (;;) {
    mutex_.Await(absl::Condition(this, &AccessLanes::HasWork));
    if (queue_.empty()) return false;
    if (MayRead(/*beside=*/reading_)) return true;
    watched_ = true;
    mutex_.AwaitWithTimeout(absl::Condition(this, &AccessLanes::IsFree),
                            queue_.front().since + patience_ - SystemClock().Boot());
    watched_ = false;
    if (MayRead(/*beside=*/reading_)) return true;
  }
}

bool AccessLanes::MayRead(int beside) const {
  if (queue_.empty()) return false;
  return beside == 0 || SystemClock().Boot() - queue_.front().since >= patience_;
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
