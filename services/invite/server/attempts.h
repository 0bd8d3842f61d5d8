// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/lanes/lanes.h"
#include "services/invite/storage/invite_store.h"

namespace guestpass::invite {

// What a redeemer is to do next, as it was decided under the invite's lock.
struct Plan {
  enum class Step {
    kJoin,    // a use is reserved: `reservations` has it
    kRepeat,  // the user has spent a use before
    kOwn,     // an attempt of the user's own is open: `reservations` has it
    kSettle,  // no use is left, and `reservations` have been abandoned
    kFull,    // no use is left
  };
  Step step = Step::kJoin;
  Presented presented;
  std::vector<Reservation> reservations;
  absl::Time now;

  const Invite& invite() const { return presented.invite; }
};

// Begins attempts at redeeming; those that come together with one secret in one transaction, one after the
// other. Thread-safe; blocks.
class Attempts {
 public:
  // It outlives this.
  explicit Attempts(InviteStore& store);

  // `again`: who has spent a use of it may use it again, because it is no member any more. INVITE_NOT_FOUND;
  // what CheckRedeemable says; INVITE_NO_LONGER_VALID; CONFLICT with RetryInfo where the user has just begun
  // elsewhere.
  absl::StatusOr<Plan> Begin(const std::string& secret_hash, const Redeemer& redeemer, bool again);

 private:
  struct Attempt {
    const std::string& secret_hash;
    const Redeemer& redeemer;
    bool again = false;

    Plan plan;
    absl::Status refusal;
  };

  // Of one secret, each user once.
  class Company {
   public:
    using Key = std::string;
    static Key KeyOf(const Attempt& attempt) { return attempt.secret_hash; }
    bool Take(const Attempt& attempt) {
      if (users_.empty()) secret_hash_ = attempt.secret_hash;
      return attempt.secret_hash == secret_hash_ && users_.insert(attempt.redeemer.user).second;
    }

   private:
    std::string secret_hash_;
    std::set<UserId> users_;
  };

  using Batch = std::vector<Attempt*>;

  void BeginAll(const Batch& batch);
  static absl::Status Decide(InviteTx& tx, Attempt& attempt);
  static absl::Status Reserve(InviteTx& tx, Attempt& attempt, bool counts);

  InviteStore& store_;
  Lanes<Attempt, Company> lanes_;
};

}  // namespace guestpass::invite
