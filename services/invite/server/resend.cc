// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/resend.h"

#include "common/auth/random.h"
#include "common/rpc/proto_time.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/invite/domain/draft.h"
#include "services/invite/domain/errors.h"
#include "services/invite/server/authority.h"
#include "services/invite/server/repeats.h"
#include "services/invite/server/settlement.h"

namespace guestpass::invite {

using Response = v1::ResendInviteResponse;

namespace {

constexpr char kExpireTime[] = "expire_time";

// The invite was good when it was made. What is wrong by now with the guest's time that it gives is in no
// field of a request to resend it.
absl::Status OfTheStored(const InviteName& name, const absl::Status& checked) {
  const bool is_of_its_time =
      HasReason(checked, Reason::kFieldInvalid) || HasReason(checked, Reason::kGuestLifetimeExceeded);
  return is_of_its_time ? GuestTimeNoLongerHolds(name) : checked;
}

}  // namespace

absl::StatusOr<Response> Resend::ResendInvite(const rpc::Call& call, const v1::ResendInviteRequest& request) {
  ASSIGN_OR_RETURN(const InviteName name, ParseInviteName("name", request.name()));
  const auto key = ReadKey(call, request);
  ASSIGN_OR_RETURN(Made made, Make(call, name, request, key));
  Issued& issued = made.issued;
  const bool is_link =
      made.answer.has_value() ? made.answer->invite().has_link() : issued.invite.link.has_value();
  if (is_link) RETURN_IF_ERROR(EndOldAttempts(name));
  if (made.answer.has_value()) return AfterMail(store_, *key, *std::move(made.answer));
  if (issued.invite.delivery == Delivery::kSending) {
    const auto undo = [&](InviteTx& tx) { return tx.UndoResend(name, issued.invite.generation); };
    RETURN_IF_ERROR(sending_.Send(issued, undo, KeptAnswerOf<Response>));
  }
  return AnswerOf<Response>(issued, options_.public_url);
}

absl::StatusOr<Resend::Made> Resend::Make(const rpc::Call& call, const InviteName& name,
                                          const v1::ResendInviteRequest& request,
                                          const absl::StatusOr<std::optional<RequestKey>>& key) {
  ASSIGN_OR_RETURN(const UserId inviter, call.RequireUser());
  const absl::StatusOr<Invite> found = store_.Get(name);
  const auto check = membership_.CheckInvite(call, name.workspace, found.ok() ? DraftOf(*found) : Draft());
  if (!HasAuthority(check.status())) return check.status();
  RETURN_IF_ERROR(key.status());
  ASSIGN_OR_RETURN(std::optional<Response> kept, AnswerTo<Response>(store_, *key));
  if (kept.has_value()) return Made{.answer = std::move(kept)};
  ASSIGN_OR_RETURN(const std::optional<absl::Time> expire_time, ReadExpireTime(request));
  RETURN_IF_ERROR(found.status());
  RETURN_IF_ERROR(CheckResendable(*found));
  RETURN_IF_ERROR(OfTheStored(name, check.status()));
  RETURN_IF_ERROR(OfTheStored(name, CheckGuestExpireTime(found->guest_expiry, check->database_time)));
  return Store(name, {.inviter = inviter, .check = *check, .expire_time = expire_time, .key = *key});
}

absl::StatusOr<std::optional<absl::Time>> Resend::ReadExpireTime(const v1::ResendInviteRequest& request) {
  if (!request.has_expire_time()) return std::optional<absl::Time>();
  ASSIGN_OR_RETURN(const absl::Time expire_time, rpc::FromProto(kExpireTime, request.expire_time()));
  ASSIGN_OR_RETURN(const absl::Time now, store_.Now());
  RETURN_IF_ERROR(CheckExpireTime(kExpireTime, expire_time, now));
  return std::optional<absl::Time>(expire_time);
}

absl::StatusOr<Resend::Made> Resend::Store(const InviteName& name, const Plan& plan) {
  const std::string secret = auth::NewSecret();
  Made made;
  const absl::Status status = store_.Transact([&](InviteTx& tx) -> absl::Status {
    made.issued = {.secret = secret, .rights_revision = plan.check.rights_revision, .key = plan.key};
    ASSIGN_OR_RETURN(made.issued.invite, tx.Lock(name));
    return Change(tx, plan, made.issued);
  });
  return AfterStoring(store_, status, plan.key, std::move(made));
}

// A link's old secret is dead once resending it is answered (I15): who has begun with it either has joined or
// never will.
absl::Status Resend::EndOldAttempts(const InviteName& name) {
  Invite invite;
  std::vector<Reservation> open;
  RETURN_IF_ERROR(store_.Transact([&](InviteTx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(invite, tx.Lock(name));
    ASSIGN_OR_RETURN(open, tx.OpenReservations(name, {.begun_until = invite.resend_time}));
    return absl::OkStatus();
  }));
  return ResolveAndSettle(store_, membership_, invite, open);
}

absl::Status Resend::Change(InviteTx& tx, const Plan& plan, Issued& issued) {
  Invite& invite = issued.invite;
  RETURN_IF_ERROR(CheckResendable(invite));
  const bool was_pending = invite.state == State::kPending,
             was_sending = invite.delivery == Delivery::kSending;
  invite.inviter = plan.inviter;
  invite.rights_n = plan.check.rights_n;
  invite.check_time = plan.check.database_time;
  invite.workspace_display_name = plan.check.workspace_display_name;
  invite.state = State::kPending;
  invite.delivery = sending_.First(invite);
  ++invite.generation;
  RETURN_IF_ERROR(tx.JudgeSend(invite, options_.limits));
  RETURN_IF_ERROR(tx.CountSend(invite));
  if (was_sending) return MailUnderWay();
  invite.resend_time = tx.Now();
  invite.expire_time = plan.expire_time.value_or(tx.Now() + options_.default_lifetime);
  RETURN_IF_ERROR(CheckExpireTime(kExpireTime, invite.expire_time, tx.Now()));  // it may have come meanwhile
  if (!was_pending && !invite.link.has_value()) {
    RETURN_IF_ERROR(tx.EndStale(invite.name.workspace, invite.address.folded, plan.check.removed_n));
  }
  RETURN_IF_ERROR(tx.Resend(invite, auth::Sha256(issued.secret), tx.Now() + sending_.lease()));
  issued.tells = TellsSecret(invite.delivery);
  if (!issued.key.has_value()) return absl::OkStatus();
  return tx.KeepAnswer(*issued.key, KeptAnswerOf<Response>(issued), invite.address.folded);
}

}  // namespace guestpass::invite
