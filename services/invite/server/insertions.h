// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/lanes/lanes.h"
#include "services/invite/server/issued.h"

namespace guestpass::invite {

// A new invite on its way into the store.
struct Insertion {
  Issued issued;                          // the times of its invite are set when it is stored
  std::optional<absl::Time> expire_time;  // nothing: after the default lifetime
  uint64_t removed_n = 0;   // a pending invite for its address with a number below is ended (M7)
  absl::Duration lease;     // of its delivery, where one is to follow
  bool only_judge = false;  // nothing is stored
};

// Stores new invites; those that come together, of different inviters and to different addresses, in one
// transaction. What of that somebody else has locked, or fails at the database, is stored alone, where it
// waits in line. Thread-safe; blocks.
class Insertions {
 public:
  // It outlives this.
  Insertions(InviteStore& store, const SendLimits& limits, absl::Duration default_lifetime)
      : store_(store),
        limits_(limits),
        default_lifetime_(default_lifetime),
        lanes_({.lanes = kLanes, .per_key = 1, .most = kMost, .patience = kPatience},
               [this](const Batch& batch) { StoreTogether(batch); }) {}

  // Ends the invite in its way that no longer stands. INVITE_RATE_LIMITED and then INVITE_PENDING_FOR_EMAIL;
  // CONFLICT where a rival has just kept an answer under its key.
  absl::Status Insert(Insertion& insertion);

  // How many wait for a lane now.
  size_t waiting() { return lanes_.waiting(); }

 private:
  static constexpr int kLanes = 2;
  static constexpr absl::Duration kPatience = absl::Milliseconds(5);
  static constexpr size_t kMost = 32;  // in one transaction

  struct Place {
    Insertion& insertion;
    const std::string secret_hash;
    bool alone = false;  // nothing was done: it is to be stored by itself
    absl::Status status;
  };

  // No two are counted together, or want the same place.
  class Company {
   public:
    // Who is counted together: an inviter in a workspace.
    using Key = std::pair<WorkspaceId, UserId>;
    static Key KeyOf(const Place& place) {
      const Invite& invite = place.insertion.issued.invite;
      return {invite.name.workspace, invite.inviter};
    }
    bool Take(const Place& place);

   private:
    std::set<Key> inviters_;
    std::set<std::string> addresses_;
  };

  using Batch = std::vector<Place*>;

  void StoreTogether(const Batch& batch);
  absl::Status StoreAll(InviteTx& tx, const Batch& batch);
  absl::Status InsertAll(InviteTx& tx, const Batch& batch);
  static bool ComesBefore(const Place* a, const Place* b);

  InviteStore& store_;
  const SendLimits limits_;
  const absl::Duration default_lifetime_;
  Lanes<Place, Company> lanes_;
};

}  // namespace guestpass::invite
