// SPDX-License-Identifier: Apache-2.0
#include "services/invite/worker/settler.h"

#include <algorithm>
#include <string>

#include "common/failpoint/failpoint.h"
#include "common/telemetry/log.h"

namespace guestpass::invite {

void Settler::Start() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    running_ = true;
  }
  thread_ = std::thread([this] { Run(); });
}

void Settler::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    running_ = false;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void Settler::Take(const InviteStore::Settlement& settlement) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (running_ && queue_.size() < options_.queue) {
      queue_.push_back(settlement);
      // One that only joins those that gather wakes nobody.
      if (queue_.size() == 1 || queue_.size() == options_.batch) wake_.notify_one();
      return;
    }
  }
  SettleLogged({settlement});
}

void Settler::Run() {
  for (Batch batch = NextBatch(); !batch.empty(); batch = NextBatch()) SettleLogged(batch);
}

Settler::Batch Settler::NextBatch() {
  std::unique_lock<std::mutex> lock(mutex_);
  wake_.wait(lock, [this] { return !queue_.empty() || !running_; });
  wake_.wait_for(lock, absl::ToChronoNanoseconds(options_.gather),
                 [this] { return queue_.size() >= options_.batch || !running_; });
  const auto end = queue_.begin() + std::min(queue_.size(), options_.batch);
  Batch batch(queue_.begin(), end);
  queue_.erase(queue_.begin(), end);
  return batch;
}

void Settler::SettleLogged(const Batch& batch) {
  failpoint::Reach("settler.taken", batch.front().reservation.join_key);
  const absl::Status status = store_.SettleUnlimited(batch);
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!status.ok() && !failing_) {
    telemetry::Log(telemetry::Severity::kWarning,
                   "redemptions of links cannot be settled: they stay open for the keeper",
                   {{"error", std::string(status.message())}});
  }
  if (status.ok() && failing_) {
    telemetry::Log(telemetry::Severity::kInfo, "redemptions of links are settled again");
  }
  failing_ = !status.ok();
}

}  // namespace guestpass::invite
