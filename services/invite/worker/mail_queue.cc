// SPDX-License-Identifier: Apache-2.0
#include "services/invite/worker/mail_queue.h"

#include <string>
#include <utility>

#include "common/status/macros.h"
#include "common/telemetry/log.h"

namespace guestpass::invite {

MailQueue::MailQueue(InviteStore& store, Courier& courier, const MailQueueOptions& options)
    : store_(store), courier_(courier), options_(options) {
  for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { Work(); });
}

std::optional<Outbox::Place> MailQueue::TakePlace() {
  absl::MutexLock lock(&mutex_);
  if (stopping_ || taken_ >= options_.places) return std::nullopt;
  ++taken_;
  return Place(*this);
}

absl::Duration MailQueue::longest_wait() const {
  const size_t turns = options_.places / options_.threads + 1;
  return turns * DeliveryLease(options_.mail_timeout);
}

void MailQueue::Stop() {
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
  const auto handover = courier_.Deliver(invitation);
  Ask(invitation, [&](InviteTx& tx) {
    if (!handover.ok()) return tx.SetUndelivered(invitation.invite, invitation.generation);
    return tx.SetDelivery(invitation.invite, invitation.generation, DeliveryOf(*handover));
  });
}

bool MailQueue::RenewLease(const Invitation& invitation) {
  return Ask(invitation, [&](InviteTx& tx) {
    return tx.RenewLease(invitation.invite, invitation.generation,
                         tx.Now() + DeliveryLease(options_.mail_timeout));
  });
}

// False, too, where the database does not answer: the invite's lease is then what decides.
bool MailQueue::Ask(const Invitation& invitation, absl::FunctionRef<absl::StatusOr<bool>(InviteTx&)> ask) {
  bool is_so = false;
  const absl::Status status = store_.Transact([&](InviteTx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(is_so, ask(tx));
    return absl::OkStatus();
  });
  if (status.ok()) return is_so;
  telemetry::Log(telemetry::Severity::kWarning, "a mail of a batch could not be recorded",
                 {{"invite", invitation.invite.ToString()}, {"error", std::string(status.message())}});
  return false;
}

}  // namespace guestpass::invite
