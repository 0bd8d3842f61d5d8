// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <optional>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/time/rounds.h"
#include "services/invite/client/outbox.h"
#include "services/invite/server/sending.h"
#include "services/invite/storage/invite_store.h"

namespace guestpass::invite {

struct MailQueueOptions {
  int threads = 8;      // conversations at once
  size_t places = 500;  // mails that wait, or will
  absl::Duration mail_timeout = absl::Seconds(10);
  absl::Duration renewal = absl::Seconds(4);  // from one renewal of the leases of what waits to the next
};

// Sends batches' mail, the first put first, and records what became of it; what was refused is UNDELIVERED.
// It is in this process only, which renews the leases of what waits: what a crash or Stop leaves behind
// becomes UNKNOWN by its lease. A mail is not sent where its invite is no longer in delivery of that
// generation. Thread-safe.
class MailQueue : public Outbox {
 public:
  // Both outlive this.
  MailQueue(InviteStore& store, Courier& courier, const MailQueueOptions& options);
  ~MailQueue() override { Stop(); }

  std::optional<Place> TakePlace() override;
  absl::Duration lease() const override { return DeliveryLease(options_.mail_timeout); }

  // Ends once the mails under way are sent and recorded; from then on there are no places. Idempotent; for
  // one thread.
  void Stop();

 private:
  void GiveBack() override;
  void Put(Invitation invitation) override;

  void RenewLeases();
  void Work();
  bool Next(Invitation& next);
  void Send(const Invitation& invitation);
  bool RenewLease(const Invitation& invitation);
  bool Ask(const Invitation& invitation, absl::FunctionRef<absl::StatusOr<bool>(InviteTx&)> ask);

  InviteStore& store_;
  Courier& courier_;
  const MailQueueOptions options_;
  absl::Mutex mutex_;
  std::deque<Invitation> queue_ ABSL_GUARDED_BY(mutex_);
  size_t taken_ ABSL_GUARDED_BY(mutex_) = 0;  // places, the queue's among them
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
  Rounds renewals_;
};

}  // namespace guestpass::invite
