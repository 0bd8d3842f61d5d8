// SPDX-License-Identifier: Apache-2.0
#include "services/guest_expiry/domain/expiry_schedule.h"

#include <algorithm>

namespace guestpass::guest_expiry {
namespace {

absl::Duration Longer(absl::Duration pause, absl::Duration first, absl::Duration longest) {
  return pause == absl::ZeroDuration() ? first : std::min(2 * pause, longest);
}

}  // namespace

bool ExpirySchedule::Passed(absl::Time time, absl::Duration boot) const {
  return time <= anchor_->database_time + (boot - anchor_->boot);
}

absl::Duration ExpirySchedule::NextApply() const {
  if (!anchor_.has_value()) return absl::InfiniteDuration();
  const absl::Time due = std::min(deadline_, heard_);
  const absl::Duration at = std::max(anchor_->boot + (due - anchor_->database_time), quiet_until_);
  return std::min(at, retry_at_.value_or(absl::InfiniteDuration()));
}

ExpirySchedule::Step ExpirySchedule::Next() const {
  const absl::Duration apply_at = NextApply();
  if (apply_at <= ask_at_) return {Call::kApply, apply_at};
  return {Call::kAsk, ask_at_};
}

void ExpirySchedule::Began(Call call, absl::Duration boot) {
  if (call == Call::kAsk) {
    asked_at_ = boot;
    deadline_ = std::min(deadline_, heard_);
    heard_ = absl::InfiniteFuture();
    return;
  }
  if (Passed(deadline_, boot)) deadline_ = absl::InfiniteFuture();
  if (Passed(heard_, boot)) heard_ = absl::InfiniteFuture();
}

void ExpirySchedule::Answered(const Deadline& deadline, absl::Duration boot) {
  anchor_ = {boot, deadline.database_time};
  ask_at_ = asked_at_ + kPoll;
  const absl::Time time = deadline.time.value_or(absl::InfiniteFuture());
  if (Passed(time, boot)) {
    if (Passed(deadline_, boot)) deadline_ = absl::InfiniteFuture();
    if (!retry_at_.has_value()) retry_at_ = std::max(boot, quiet_until_);
    return;
  }
  deadline_ = time;
  if (retry_at_.has_value()) return;
  vain_pause_ = absl::ZeroDuration();
  quiet_until_ = boot;
  failure_pause_ = absl::ZeroDuration();
}

void ExpirySchedule::Applied(const Outcome& outcome, absl::Duration boot) {
  failure_pause_ = absl::ZeroDuration();
  quiet_until_ = boot;
  const bool held = outcome.skipped > 0 || outcome.busy_shards > 0;
  if (outcome.applied > 0 || !held) held_pause_ = absl::ZeroDuration();
  if (outcome.applied > 0 || held) vain_pause_ = absl::ZeroDuration();
  if (outcome.applied >= limit_) {
    retry_at_ = boot;
  } else if (held) {
    held_pause_ = Longer(held_pause_, kFirstPause, kLongestPause);
    retry_at_ = boot + held_pause_;
  } else {
    retry_at_.reset();
    ask_at_ = boot;
    if (outcome.applied > 0) return;
    quiet_until_ = boot + vain_pause_;
    vain_pause_ = Longer(vain_pause_, kFirstPause, kLongestPause);
  }
}

void ExpirySchedule::Failed(absl::Duration boot) {
  anchor_.reset();
  failure_pause_ = Longer(failure_pause_, kFirstFailurePause, kLongestFailurePause);
  ask_at_ = boot + failure_pause_;
}

void ExpirySchedule::Heard(absl::Time due) { heard_ = std::min(heard_, due); }

}  // namespace guestpass::guest_expiry
