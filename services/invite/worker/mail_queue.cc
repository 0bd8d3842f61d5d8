// SPDX-License-Identifier: Apache-2.0
#include "services/invite/worker/mail_queue.h"

#include <string>
#include <utility>

#include "common/failpoint/failpoint.h"
#include "common/status/macros.h"
#include "common/telemetry/log.h"

namespace guestpass::invite {

MailQueue::MailQueue(InviteStore& store, Courier& courier, const MailQueueOptions& options)
    : store_(store), courier_(courier), options_(options) {
  for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { Work(); });
  renewals_.Start([this] { RenewLeases(); }, options_.renewal);
}

std::optional<Outbox::Place> MailQueue::TakePlace() {
  absl::MutexLock lock(&mutex_);
  if (stopping_ || taken_ >= options_.places) return std::nullopt;
  ++taken_;
  return Place(*this);
}

void MailQueue::Stop() {
  renewals_.Stop();
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void MailQueue::GiveBack() {
  absl::MutexLock lock(&mutex_);
  --taken_;
}

void MailQueue::Put(Invitation invitation) {
  absl::MutexLock lock(&mutex_);
  queue_.push_back(std::move(invitation));
}

void MailQueue::RenewLeases() {
  std::vector<InviteStore::Waiting> waiting;
  {
    absl::MutexLock lock(&mutex_);
    for (const Invitation& mail : queue_) waiting.push_back({mail.invite, mail.generation});
  }
  if (waiting.empty()) return;
  const absl::Status status = store_.RenewLeases(waiting, lease());
  if (status.ok()) return;
  telemetry::Log(telemetry::Severity::kWarning, "the leases of mail that waits could not be renewed",
                 {{"error", std::string(status.message())}});
}

void MailQueue::Work() {
  Invitation next;
  while (Next(next)) Send(next);
}

// Waits for a mail; false: stopping.
bool MailQueue::Next(Invitation& next) {
  absl::MutexLock lock(&mutex_);
  const auto ready = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return stopping_ || !queue_.empty(); };
  mutex_.Await(absl::Condition(&ready));
  if (stopping_) return false;
  next = std::move(queue_.front());
  queue_.pop_front();
  --taken_;
  return true;
}

void MailQueue::Send(const Invitation& invitation) {
  if (!RenewLease(invitation)) return;
  failpoint::Reach("queue.taken", invitation.invite.invite.text());
  const auto handover = courier_.Deliver(invitation);
  failpoint::Reach("queue.handed_over", invitation.invite.invite.text());
  Ask(invitation, [&](InviteTx& tx) {
    if (!handover.ok()) return tx.SetUndelivered(invitation.invite, invitation.generation);
    return tx.SetDelivery(invitation.invite, invitation.generation, DeliveryOf(*handover));
  });
}

bool MailQueue::RenewLease(const Invitation& invitation) {
  return Ask(invitation, [&](InviteTx& tx) {
    return tx.RenewLease(invitation.invite, invitation.generation, tx.Now() + lease());
  });
}

// False, too, where the database does not answer: the invite's lease is then what decides.
bool MailQueue::Ask(const Invitation& invitation, absl::FunctionRef<absl::StatusOr<bool>(InviteTx&)> ask) {
  bool is_so = false;
  const absl::Status status = TransactPatiently(store_, [&](InviteTx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(is_so, ask(tx));
    return absl::OkStatus();
  });
  if (status.ok()) return is_so;
  telemetry::Log(telemetry::Severity::kWarning, "a mail of a batch could not be recorded",
                 {{"invite", invitation.invite.ToString()}, {"error", std::string(status.message())}});
  return false;
}

}  // namespace guestpass::invite
