// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/sending.h"

#include "absl/time/clock.h"
#include "common/failpoint/failpoint.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/telemetry/log.h"

namespace guestpass::invite {
namespace {

void LogUndecided(absl::string_view message, const InviteName& invite, const absl::Status& status) {
  telemetry::Log(telemetry::Severity::kWarning, message,
                 {{"invite", invite.ToString()}, {"error", std::string(status.message())}});
}

constexpr absl::Duration kFirstPause = absl::Milliseconds(50), kLastPause = absl::Milliseconds(1600);

absl::Status PerhapsNotTakenBack() {
  return Error(
      Reason::kOutcomeUnknown,
      "The mail was refused, and the database did not answer when the invite was to be taken back: it "
      "may be there, with delivery UNKNOWN. Look, and resend or revoke it.");
}

}  // namespace

absl::Status TransactPatiently(InviteStore& store, absl::FunctionRef<absl::Status(InviteTx&)> body) {
  for (absl::Duration pause = kFirstPause;; pause *= 2) {
    const absl::Status status = store.Transact(body);
    const bool may_pass = absl::IsUnavailable(status) || absl::IsResourceExhausted(status);
    if (!may_pass || pause > kLastPause) return status;
    absl::SleepFor(pause);
  }
}

Delivery Sending::First(const Invite& invite) const {
  if (invite.link.has_value()) return Delivery::kNotMailed;
  return mails() ? Delivery::kSending : Delivery::kNotConfigured;
}

absl::Status Sending::Send(Issued& issued, Undo undo, Kept kept) {
  const std::string id = issued.invite.name.invite.ToString();
  failpoint::Reach("send.stored", id);
  const auto handover = courier_.Deliver(InvitationOf(issued.invite, issued.secret));
  failpoint::Reach(handover.ok() ? "send.handed_over" : "send.refused", id);
  if (!handover.ok()) return TakeBack(issued, handover.status(), undo);
  Record(issued, DeliveryOf(*handover), kept);
  failpoint::Reach("send.recorded", id);
  return absl::OkStatus();
}

absl::Status Sending::TakeBack(const Issued& issued, const absl::Status& refusal, Undo undo) {
  const absl::StatusOr<bool> is_undone = IsUndone(issued, undo);
  failpoint::Reach("send.taken_back", issued.invite.name.invite.text());
  if (is_undone.ok()) return *is_undone ? refusal : absl::OkStatus();
  LogUndecided("mail failed, and its invite could not be taken back", issued.invite.name, is_undone.status());
  return PerhapsNotTakenBack();
}

absl::StatusOr<bool> Sending::IsUndone(const Issued& issued, Undo undo) {
  bool is_undone = false;
  RETURN_IF_ERROR(TransactPatiently(store_, [&](InviteTx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(is_undone, undo(tx));
    if (!is_undone || !issued.key.has_value()) return absl::OkStatus();
    return tx.ForgetAnswer(*issued.key);
  }));
  if (is_undone) return true;
  // An attempt whose end was not heard may have done it.
  ASSIGN_OR_RETURN(const bool is_stored, IsStored(store_, issued));
  return !is_stored;
}

void Sending::Record(Issued& issued, Delivery delivery, Kept kept) {
  issued.tells = TellsSecret(delivery);
  Issued recorded = issued;
  recorded.invite.delivery = delivery;
  const Invite& invite = recorded.invite;
  bool is_recorded = false;
  const absl::Status status = TransactPatiently(store_, [&](InviteTx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(is_recorded, tx.SetDelivery(invite.name, invite.generation, delivery));
    if (!is_recorded || !issued.key.has_value()) return absl::OkStatus();
    return tx.ChangeAnswer(*issued.key, kept(recorded));
  });
  if (!status.ok()) LogUndecided("what became of a mail could not be recorded", invite.name, status);
  if (!status.ok()) return;
  if (is_recorded) {
    issued.invite = invite;
    return;
  }
  // An attempt whose end was not heard may have recorded it, or the lease has run out.
  const auto stored = store_.Get(invite.name);
  if (stored.ok() && stored->generation == invite.generation) issued.invite.delivery = stored->delivery;
}

}  // namespace guestpass::invite
