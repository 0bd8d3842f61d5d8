// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <variant>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rights/decide.h"
#include "common/rights/names.h"
#include "common/rights/objects.h"
#include "common/rpc/call.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"
#include "services/guest_expiry/domain/expiration.h"
#include "services/guest_expiry/domain/expiry_schedule.h"

namespace guestpass::guest_expiry {

// What decides on reading a guest's times, as of one moment.
struct TimesSnapshot {
  absl::Time database_time;   // that moment, by membership's database
  rights::Authority caller;   // in the guest's workspace
  rights::MemberState guest;  // without a role: no direct member, or the workspace is gone
};

// A setting as it was asked for: a time, a duration from now, or `clear`. Membership judges it, after it has
// judged who asks; so here it may be anything, and nothing at all.
using TimesChange =
    std::variant<std::monostate, google::protobuf::Timestamp, google::protobuf::Duration, bool>;

// Guests' times, which membership has. Thread-safe; each call blocks for 5 s at most, and not beyond `call`'s
// deadline. What membership refuses comes through as it said it; SERVICE_UNAVAILABLE where it does not
// answer.
class GuestTimes {
 public:
  virtual ~GuestTimes() = default;

  // The caller's authority and the guest, in one snapshot.
  virtual absl::StatusOr<TimesSnapshot> Read(const rpc::Call& call, const UserId& caller,
                                             const MemberName& guest) = 0;

  // Sets the guest's time for `call`'s user. ROLE_TOO_LOW, GUEST_ENDED, MEMBER_NOT_FOUND, NOT_A_GUEST,
  // FIELD_INVALID.
  virtual absl::StatusOr<Expiration> Set(const rpc::Call& call, const MemberName& guest,
                                         const TimesChange& change) = 0;
};

// The transitions that membership has to record, on this service's own behalf. Thread-safe; each call
// blocks: Nearest for 2 s at most, Apply for 5 s. SERVICE_UNAVAILABLE where membership does not answer.
class DueTransitions {
 public:
  virtual ~DueTransitions() = default;

  // The nearest deadline that no transition has been recorded for.
  virtual absl::StatusOr<Deadline> Nearest() = 0;

  // Has what is due recorded, for `limit` guests at most. Repeating it is harmless.
  virtual absl::StatusOr<Outcome> Apply(int limit) = 0;
};

}  // namespace guestpass::guest_expiry
