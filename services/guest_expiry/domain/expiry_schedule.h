// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/time/time.h"

namespace guestpass::guest_expiry {

// The nearest deadline, as membership's database has it.
struct Deadline {
  std::optional<absl::Time> time;  // nothing: no guest has one
  absl::Time database_time;        // that database's clock when it was read
};

// What one ApplyDueExpirations did.
struct Outcome {
  int applied = 0;      // guests whose transition was recorded
  int skipped = 0;      // due guests whose row somebody else held
  int busy_shards = 0;  // shards that others were at
};

// When to ask for the nearest deadline and when to have due transitions applied. Database times are carried
// by boot time from the last answer's arrival, so that an apply never comes before its deadline. One call is
// under way at a time; its caller says when it begins and how it ends, all in boot time. Not thread-safe.
class ExpirySchedule {
 public:
  enum class Call { kAsk, kApply };
  struct Step {
    Call call;
    absl::Duration at;  // boot time; now, where it has passed
  };

  // A nearer deadline is acted on within 100 ms even without the feed (E3), the asking included.
  static constexpr absl::Duration kPoll = absl::Milliseconds(90);
  static constexpr absl::Duration kFirstPause = absl::Milliseconds(10);
  static constexpr absl::Duration kLongestPause = absl::Milliseconds(200);
  static constexpr absl::Duration kFirstFailurePause = absl::Milliseconds(50);
  static constexpr absl::Duration kLongestFailurePause = absl::Seconds(1);

  // `limit`: how many guests an apply takes at most.
  explicit ExpirySchedule(int limit) : limit_(limit) {}

  // The next call, as far as is known now.
  Step Next() const;

  // A call begins.
  void Began(Call call, absl::Duration boot);

  // Asking was answered. A deadline that has passed is applied at once, or after the pause under way.
  void Answered(const Deadline& deadline, absl::Duration boot);

  // Applying was answered. A full batch is followed at once by the next; what was skipped or busy by another
  // try after 10 ms, doubling to 200 ms, whatever later answers say; an apply that found nothing by asking.
  void Applied(const Outcome& outcome, absl::Duration boot);

  // The call under way failed: asks again after 50 ms, doubling to 1 s, and applies nothing until an answer.
  void Failed(absl::Duration boot);

  // The feed says that a guest's time comes at `due`, by membership's database.
  void Heard(absl::Time due);

  // Whether calls have failed and nothing has shown yet that they work again.
  bool failing() const { return failure_pause_ > absl::ZeroDuration(); }

 private:
  struct Anchor {
    absl::Duration boot;
    absl::Time database_time;
  };

  bool Passed(absl::Time time, absl::Duration boot) const;
  absl::Duration NextApply() const;

  const int limit_;
  std::optional<Anchor> anchor_;                  // nothing: apply nothing before the next answer
  absl::Time deadline_ = absl::InfiniteFuture();  // the nearest that is to come, as far as is known
  absl::Time heard_ = absl::InfiniteFuture();     // the nearest heard of since the last asking began
  absl::Duration asked_at_;                       // when that was
  absl::Duration ask_at_;                         // when the next one is due
  std::optional<absl::Duration> retry_at_;        // something is due: apply then
  absl::Duration held_pause_;                     // the last pause for what was skipped or busy
  absl::Duration vain_pause_;                     // the next pause after applies that found nothing
  absl::Duration quiet_until_;                    // when that pause ends
  absl::Duration failure_pause_;                  // the last pause after a failure
};

}  // namespace guestpass::guest_expiry
