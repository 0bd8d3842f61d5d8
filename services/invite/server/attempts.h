// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/lanes/lanes.h"
#include "common/rpc/call.h"
#include "services/invite/client/membership.h"
#include "services/invite/storage/invite_store.h"

namespace guestpass::invite {

// What a redeemer is to do next, as it was decided under the invite's lock.
struct Plan {
  enum class Step {
    kJoin,    // a use was reserved, and the user asked to join: `reservations` has it
    kRepeat,  // the user has spent a use before
    kOwn,     // an attempt of the user's own is open: `reservations` has it
    kSettle,  // no use is left, and `reservations` have been abandoned
    kFull,    // no use is left
  };
  Step step = Step::kFull;
  absl::StatusOr<Member> joined = absl::UnknownError("not asked");  // membership's answer to kJoin
  Presented presented;
  std::vector<Reservation> reservations;
  absl::Time now;

  const Invite& invite() const { return presented.invite; }
};

// Begins attempts at redeeming. Those that come together with one secret reserve their uses in one
// transaction, one after the other, and then are one call to membership, while the next ones reserve.
// Thread-safe; blocks.
class Attempts {
 public:
  // Both outlive this.
  Attempts(InviteStore& store, Membership& membership);

  // `again`: who has spent a use of it may use it again, because it is no member any more. INVITE_NOT_FOUND;
  // what CheckRedeemable says; INVITE_NO_LONGER_VALID; CONFLICT with RetryInfo where the user has just begun
  // elsewhere.
  absl::StatusOr<Plan> Begin(const rpc::Call& call, const std::string& secret_hash, const Redeemer& redeemer,
                             bool again);

  // How many wait until others have reserved. For tests.
  size_t waiting() { return lanes_.waiting(); }

 private:
  struct Attempt {
    const rpc::Call& call;
    const std::string& secret_hash;
    const Redeemer& redeemer;
    bool again = false;

    Plan plan;
    absl::Status refusal;

    bool has_reserved() const { return refusal.ok() && plan.step == Plan::Step::kJoin; }
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
  void JoinAll(const Batch& batch);
  static absl::Status Decide(InviteTx& tx, Attempt& attempt);
  static absl::Status Reserve(InviteTx& tx, Attempt& attempt, bool counts);

  InviteStore& store_;
  Membership& membership_;
  Lanes<Attempt, Company> lanes_;
};

}  // namespace guestpass::invite
