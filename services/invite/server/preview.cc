// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/preview.h"

#include <optional>

#include "common/auth/random.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/proto_time.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/invite/domain/errors.h"
#include "services/invite/server/convert.h"
#include "services/invite/server/redeemer.h"
#include "services/invite/server/settlement.h"

namespace guestpass::invite {
namespace {

v1::PreviewInviteResponse Offer(const Presented& presented, bool for_caller) {
  const Invite& invite = presented.invite;
  v1::PreviewInviteResponse offer;
  offer.set_workspace_display_name(invite.workspace_display_name);
  offer.set_role(rights_feed::ToProto(std::optional(invite.role)));
  offer.set_inviter(invite.inviter.ToString());
  *offer.mutable_expire_time() = rpc::ToProto(presented.expire_time);
  SetGuestExpiry(invite, offer);
  offer.set_for_caller(for_caller);
  if (for_caller) AddChannels(invite, offer);
  return offer;
}

// Also of one that was declined before: declining twice is a success.
absl::Status CheckDeclinable(const Presented& presented, const Redeemer& redeemer, absl::Time now) {
  const Invite& invite = presented.invite;
  if (invite.state == State::kDeclined && IsInvited(invite, redeemer)) return absl::OkStatus();
  RETURN_IF_ERROR(CheckRedeemable(presented, redeemer, now));
  if (invite.link.has_value()) return FieldInvalid("secret", "is a link's: only email invites are declined");
  if (invite.state != State::kPending) return InviteExhausted(invite.name);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::PreviewInviteResponse> Preview::Look(const rpc::Call& call,
                                                        const v1::PreviewInviteRequest& request) {
  ASSIGN_OR_RETURN(const UserId user, call.RequireUser());
  ASSIGN_OR_RETURN(const Found found, Find(auth::Sha256(request.secret()), user));
  const Invite& invite = found.presented.invite;
  RETURN_IF_ERROR(CheckStanding(found.presented, found.now));
  if (!invite.unlimited() && invite.spent >= invite.max_uses()) return InviteExhausted(invite.name);
  ASSIGN_OR_RETURN(const bool stands, membership_.WorkspaceStands(invite.name.workspace));
  if (!stands) return InviteNoLongerValid(invite.name);
  return Offer(found.presented, IsInvited(invite, RedeemerOf(*call.caller.user)));
}

absl::StatusOr<Preview::Found> Preview::Find(const std::string& secret_hash, const UserId& user) {
  Found found;
  RETURN_IF_ERROR(store_.Transact([&](InviteTx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(found.presented, tx.GetBySecret(secret_hash, {user}));
    found.now = tx.Now();
    return absl::OkStatus();
  }));
  return found;
}

absl::StatusOr<v1::DeclineInviteResponse> Preview::Decline(const rpc::Call& call,
                                                           const v1::DeclineInviteRequest& request) {
  RETURN_IF_ERROR(call.RequireUser().status());
  const std::string hash = auth::Sha256(request.secret());
  ASSIGN_OR_RETURN(const Found found, SetDeclined(hash, RedeemerOf(*call.caller.user)));
  const Invite& invite = found.presented.invite;
  if (found.open.empty()) return v1::DeclineInviteResponse();
  RETURN_IF_ERROR(ResolveAndSettle(store_, membership_, invite, found.open));
  ASSIGN_OR_RETURN(const Invite settled, store_.Get(invite.name));
  if (settled.state == State::kRedeemed) return InviteExhausted(invite.name);
  return v1::DeclineInviteResponse();
}

absl::StatusOr<Preview::Found> Preview::SetDeclined(const std::string& secret_hash,
                                                    const Redeemer& redeemer) {
  Found found;
  RETURN_IF_ERROR(store_.Transact([&](InviteTx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(found.presented, tx.GetBySecret(secret_hash, {redeemer.user}));
    found.now = tx.Now();
    const Invite& invite = found.presented.invite;
    RETURN_IF_ERROR(CheckDeclinable(found.presented, redeemer, found.now));
    ASSIGN_OR_RETURN(found.open, tx.OpenReservations(invite.name, {}));
    return invite.state == State::kDeclined ? absl::OkStatus() : tx.SetState(invite.name, State::kDeclined);
  }));
  return found;
}

}  // namespace guestpass::invite
