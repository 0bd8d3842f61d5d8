// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "services/invite/server/settlement.h"
#include "services/invite/storage/invite_store.h"

namespace guestpass::invite {

struct SettlerOptions {
  size_t queue = 10'000;  // settlements that wait at most
  size_t batch = 256;     // settlements in one transaction at most
  // For how long more are waited for: none of them is urgent, as what is reserved counts as used.
  absl::Duration gather = absl::Milliseconds(50);
};

// Settles reservations of links without a limit behind the redeemers' backs: one transaction at a time, the
// next batch gathering meanwhile. A batch that fails is dropped, and said so in the log once until one
// succeeds again: its reservations stay open, and the keeper ends them. Thread-safe.
class Settler : public SettlementSink {
 public:
  // `store` outlives this.
  explicit Settler(InviteStore& store, const SettlerOptions& options = {})
      : store_(store), options_(options) {}
  ~Settler() override { Stop(); }

  // Begins, on a thread of its own. Called once.
  void Start();

  // Settles what is queued and ends. Idempotent.
  void Stop();

  // Queues it. While the queue is full, and before Start and after Stop, the caller settles it itself.
  void Take(const InviteStore::Settlement& settlement) override;

 private:
  using Batch = std::vector<InviteStore::Settlement>;

  void Run();
  Batch NextBatch();  // waits for one; empty: stopping, and nothing is left
  void SettleLogged(const Batch& batch);

  InviteStore& store_;
  const SettlerOptions options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<InviteStore::Settlement> queue_;  // guarded by mutex_, as the next
  bool running_ = false;
  bool failing_ = false;
  std::thread thread_;
};

}  // namespace guestpass::invite
