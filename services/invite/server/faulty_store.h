// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <optional>
#include <vector>

#include "common/status/error.h"
#include "services/invite/storage/invite_store.h"

namespace guestpass::invite {

// A store in front of another, which refuses transactions, or does them and loses the answer, as often as a
// test says. Thread-safe.
class FaultyStore : public InviteStore {
 public:
  static constexpr int kAlways = 1'000'000;

  // It outlives this.
  explicit FaultyStore(InviteStore& store) : store_(store) {}

  std::atomic<int> refuses = 0;
  std::atomic<int> loses = 0;  // of those that commit, but for the first `skips`
  std::atomic<int> skips = 0;

  absl::Status Transact(absl::FunctionRef<absl::Status(InviteTx&)> body) override {
    if (refuses > 0) {
      --refuses;
      return Error(Reason::kDatabaseUnavailable, "The database does not answer.");
    }
    const absl::Status status = store_.Transact(body);
    if (!status.ok() || loses == 0) return status;
    if (skips > 0) {
      --skips;
      return status;
    }
    --loses;
    return Error(Reason::kOutcomeUnknown, "It may have been done.");
  }
  absl::StatusOr<absl::Time> Now() override { return store_.Now(); }
  absl::StatusOr<Invite> Get(const InviteName& name) override { return store_.Get(name); }
  absl::StatusOr<std::vector<Invite>> List(const InviteFilter& filter,
                                           const std::optional<InvitePlace>& after, int limit) override {
    return store_.List(filter, after, limit);
  }
  absl::Status RenewLeases(const std::vector<Waiting>& waiting, absl::Duration lease) override {
    return store_.RenewLeases(waiting, lease);
  }
  absl::Status SettleUnlimited(const std::vector<Settlement>& settlements) override {
    return store_.SettleUnlimited(settlements);
  }

 private:
  InviteStore& store_;
};

}  // namespace guestpass::invite
