// SPDX-License-Identifier: Apache-2.0
#include "services/guest_expiry/worker/expiry_clock.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/macros.h"
#include "common/telemetry/log.h"

namespace guestpass::guest_expiry {
namespace {

using telemetry::Severity;

void LogLost(const absl::Status& error) {
  telemetry::Log(
      Severity::kWarning,
      "membership cannot be asked: what is due is recorded once it can; posting stops on time anyway",
      {{"error", std::string(error.message())}});
}

void LogApplied(const Outcome& outcome) {
  telemetry::Log(Severity::kDebug, "transitions recorded",
                 {{"applied", absl::StrCat(outcome.applied)},
                  {"skipped", absl::StrCat(outcome.skipped)},
                  {"busy_shards", absl::StrCat(outcome.busy_shards)}});
}

}  // namespace

ExpiryClock::ExpiryClock(DueTransitions& transitions, const Clock& clock)
    : transitions_(transitions), clock_(clock), thread_([this] { Run(); }) {}

void ExpiryClock::Heard(absl::Time due) {
  const std::lock_guard<std::mutex> lock(mutex_);
  schedule_.Heard(due);
  wake_.notify_all();
}

void ExpiryClock::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void ExpiryClock::Run() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (!stopping_) {
    const ExpirySchedule::Step step = schedule_.Next();
    const absl::Duration wait = step.at - clock_.Boot();
    if (wait > absl::ZeroDuration()) {
      wake_.wait_for(lock, absl::ToChronoNanoseconds(wait));
    } else {
      Make(step.call, lock);
    }
  }
}

void ExpiryClock::Make(ExpirySchedule::Call call, std::unique_lock<std::mutex>& lock) {
  const bool was_failing = schedule_.failing();
  schedule_.Began(call, clock_.Boot());
  const absl::Status status = call == ExpirySchedule::Call::kAsk ? Ask(lock) : Apply(lock);
  if (!status.ok()) schedule_.Failed(clock_.Boot());
  if (schedule_.failing() && !was_failing) LogLost(status);
  if (!schedule_.failing() && was_failing) telemetry::Log(Severity::kInfo, "membership can be asked again");
}

absl::Status ExpiryClock::Ask(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  const absl::StatusOr<Deadline> deadline = transitions_.Nearest();
  lock.lock();
  RETURN_IF_ERROR(deadline.status());
  schedule_.Answered(*deadline, clock_.Boot());
  return absl::OkStatus();
}

absl::Status ExpiryClock::Apply(std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  const absl::StatusOr<Outcome> outcome = transitions_.Apply(kBatch);
  lock.lock();
  RETURN_IF_ERROR(outcome.status());
  schedule_.Applied(*outcome, clock_.Boot());
  if (outcome->applied > 0) LogApplied(*outcome);
  return absl::OkStatus();
}

}  // namespace guestpass::guest_expiry
