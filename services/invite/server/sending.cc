// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/sending.h"

#include "common/status/macros.h"
#include "common/telemetry/log.h"

namespace guestpass::invite {
namespace {

void LogUndecided(absl::string_view message, const InviteName& invite, const absl::Status& status) {
  telemetry::Log(telemetry::Severity::kWarning, message,
                 {{"invite", invite.ToString()}, {"error", std::string(status.message())}});
}

}  // namespace

Delivery Sending::First(const Invite& invite) const {
  if (invite.link.has_value()) return Delivery::kNotMailed;
  return mails() ? Delivery::kSending : Delivery::kNotConfigured;
}

absl::Status Sending::Send(Issued& issued, Undo undo, Kept kept) {
  const auto handover = courier_.Deliver(InvitationOf(issued.invite, issued.secret));
  if (!handover.ok()) return TakeBack(issued, handover.status(), undo);
  Record(issued, DeliveryOf(*handover), kept);
  return absl::OkStatus();
}

absl::Status Sending::TakeBack(const Issued& issued, const absl::Status& refusal, Undo undo) {
  bool is_undone = false;
  const absl::Status status = store_.Transact([&](InviteTx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(is_undone, undo(tx));
    if (!is_undone || !issued.key.has_value()) return absl::OkStatus();
    return tx.ForgetAnswer(*issued.key);
  });
  if (!status.ok())
    LogUndecided("mail failed, and its invite could not be taken back", issued.invite.name, status);
  return status.ok() && !is_undone ? absl::OkStatus() : refusal;
}

void Sending::Record(Issued& issued, Delivery delivery, Kept kept) {
  issued.tells = TellsSecret(delivery);
  Issued recorded = issued;
  recorded.invite.delivery = delivery;
  const Invite& invite = recorded.invite;
  bool is_recorded = false;
  const absl::Status status = store_.Transact([&](InviteTx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(is_recorded, tx.SetDelivery(invite.name, invite.generation, delivery));
    if (!is_recorded || !issued.key.has_value()) return absl::OkStatus();
    RETURN_IF_ERROR(tx.ForgetAnswer(*issued.key));
    return tx.KeepAnswer(*issued.key, kept(recorded), invite.address.folded);
  });
  if (!status.ok()) LogUndecided("what became of a mail could not be recorded", invite.name, status);
  if (status.ok() && is_recorded) issued.invite = invite;
}

}  // namespace guestpass::invite
