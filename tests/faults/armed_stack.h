// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/postgres/session.h"
#include "tests/harness/test_directory.h"
#include "tests/harness/workplace.h"

namespace guestpass::faults {

// How long a reservation may stay open once both services are up (I14), and how long anything else is waited
// for.
inline constexpr absl::Duration kAMinute = absl::Minutes(1);
inline constexpr absl::Duration kPatience = absl::Seconds(30);

// A link as it was answered.
struct Link {
  std::string name;  // `workspaces/{w}/invites/{i}`
  std::string id;
  std::string secret;
};

// What the two databases have of one invite.
struct Uses {
  int64_t spent = 0, reserved = 0;  // as counted with the invite
  int64_t confirmed = 0, open = 0;  // attempts that spent a use, and undecided ones
  int64_t joined = 0;               // people, by the audit log
  int64_t keys = 0;                 // attempts that joined, by what membership keeps of them
};

// A stack whose invite and membership are programs of tests' own, to be stopped at the steps that
// common/failpoint names: each attempt at redeeming by "INVITE.USER". For one thread at a time.
class ArmedStack {
 public:
  // `invite` has more settings of the invite service. Errors: as Stack::Start.
  static absl::StatusOr<std::unique_ptr<ArmedStack>> Start(std::map<std::string, std::string> invite = {});

  harness::Stack& stack() { return *stack_; }
  postgres::Session& invites() { return *invites_; }
  postgres::Session& members() { return *members_; }

  // Has whoever reaches the step with that key wait there, or end the process; "" for every key.
  void Hold(const std::string& point, const std::string& key) { Order(point, key, "hold"); }
  void Kill(const std::string& point, const std::string& key) { Order(point, key, "kill"); }
  // Whether somebody waits there.
  bool Reached(const std::string& point, const std::string& key) const;
  bool AwaitReached(const std::string& point, const std::string& key) const;
  // Lets go who waits there, or everywhere.
  void Release(const std::string& point, const std::string& key);
  void ReleaseAll();

  // The key of a user's attempts.
  std::string KeyOf(const Link& link, const std::string& user) const {
    return link.id + "." + stack_->UserId(user);
  }

  // A link that makes guests of a channel (the place's open one where none is named), for so many people; 0:
  // without a limit.
  absl::StatusOr<Link> MakeLink(const harness::Workplace& place, int uses, const std::string& by = "olga",
                                const std::string& channel = "") const;

  // One call, on a thread of its own; and calls until one is answered for good.
  using Outcome = std::future<absl::Status>;
  Outcome Redeem(const std::string& user, const std::string& secret) const;
  Outcome RedeemInsisting(const std::string& user, const std::string& secret) const;

  // Revokes it, with one call, and with calls until one is OK: how many have joined, as that one says.
  Outcome Revoke(const std::string& name) const;
  absl::StatusOr<int32_t> RevokeInsisting(const std::string& name) const;

  // How many reservations are open, of those older than that.
  int64_t OpenReservations(absl::Duration age = absl::ZeroDuration());

  // By id, of all invites; the databases are read one after the other.
  std::map<std::string, Uses> AllUses();

  // That all reservations end by themselves in time, and then of each invite: uses spent = members joined by
  // it, and nothing is reserved.
  void ExpectSettled();

 private:
  ArmedStack() = default;

  std::string PathOf(const std::string& point, const std::string& key) const;
  void Order(const std::string& point, const std::string& key, const std::string& order);

  harness::TestDirectory orders_;
  std::unique_ptr<harness::Stack> stack_;
  std::unique_ptr<postgres::Session> invites_, members_;
};

// Whether an answer leaves it open what became of the call, or says to try again: the process died, is not
// there, is slow, or somebody else is in the way.
bool IsToBeTriedAgain(const absl::Status& status);

}  // namespace guestpass::faults
