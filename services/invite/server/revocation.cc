// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/revocation.h"

#include "common/failpoint/failpoint.h"
#include "common/status/macros.h"
#include "services/invite/server/authority.h"
#include "services/invite/server/convert.h"
#include "services/invite/server/repeats.h"
#include "services/invite/server/settlement.h"

namespace guestpass::invite {

absl::StatusOr<v1::RevokeInviteResponse> Revocation::Revoke(const rpc::Call& call,
                                                            const v1::RevokeInviteRequest& request) {
  ASSIGN_OR_RETURN(const InviteName name, ParseInviteName("name", request.name()));
  RETURN_IF_ERROR(RequireAuthority(membership_, call, name.workspace));
  ASSIGN_OR_RETURN(const std::optional<RequestKey> key, ReadKey(call, request));
  ASSIGN_OR_RETURN(const auto answered, AnswerTo<v1::RevokeInviteResponse>(store_, key));
  if (answered.has_value()) return *answered;
  ASSIGN_OR_RETURN(const Ended ended, End(name));
  failpoint::Reach("revoke.ended", name.invite.text());
  RETURN_IF_ERROR(ResolveAndSettle(store_, membership_, ended.invite, ended.open));
  failpoint::Reach("revoke.resolved", name.invite.text());
  return Answer(name, key);
}

absl::StatusOr<Revocation::Ended> Revocation::End(const InviteName& name) {
  Ended ended;
  RETURN_IF_ERROR(store_.Transact([&](InviteTx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(ended.invite, tx.Lock(name));
    ASSIGN_OR_RETURN(ended.open, tx.OpenReservations(name, {}));
    // What a resend could bring back ends for good.
    if (!CheckResendable(ended.invite).ok()) return absl::OkStatus();
    return tx.SetState(name, State::kRevoked);
  }));
  return ended;
}

absl::StatusOr<v1::RevokeInviteResponse> Revocation::Answer(const InviteName& name,
                                                            const std::optional<RequestKey>& key) {
  v1::RevokeInviteResponse response;
  RETURN_IF_ERROR(store_.Transact([&](InviteTx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(const Invite invite, tx.Lock(name));
    ASSIGN_OR_RETURN(const int32_t joined, tx.CountJoined(name));
    response.Clear();
    *response.mutable_invite() = ToProto(invite, tx.Now());
    response.set_joined(joined);
    if (!key.has_value()) return absl::OkStatus();
    return tx.KeepAnswer(*key, response.SerializeAsString(), invite.address.folded);
  }));
  return response;
}

}  // namespace guestpass::invite
