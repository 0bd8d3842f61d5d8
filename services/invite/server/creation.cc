// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/creation.h"

#include "common/auth/random.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/invite/domain/draft.h"
#include "services/invite/server/authority.h"
#include "services/invite/server/convert.h"
#include "services/invite/server/repeats.h"

namespace guestpass::invite {

using Response = v1::CreateInviteResponse;

absl::StatusOr<Response> Creation::Create(const rpc::Call& call, const v1::CreateInviteRequest& request) {
  ASSIGN_OR_RETURN(const WorkspaceId workspace, ParseWorkspaceName("parent", request.parent()));
  const auto key = ReadKey(call, request);
  ASSIGN_OR_RETURN(Made made, Make(call, workspace, request, key, sending_.lease()));
  if (made.answer.has_value()) return AfterMail(store_, *key, *std::move(made.answer));
  Issued& issued = made.issued;
  if (issued.invite.delivery == Delivery::kSending) {
    const auto undo = [&](InviteTx& tx) { return tx.UndoInsert(issued.invite.name); };
    RETURN_IF_ERROR(sending_.Send(issued, undo, KeptAnswerOf<Response>));
  }
  return Answer(issued);
}

absl::StatusOr<Creation::Made> Creation::Make(const rpc::Call& call, const WorkspaceId& workspace,
                                              const v1::CreateInviteRequest& request,
                                              const absl::StatusOr<std::optional<RequestKey>>& key,
                                              absl::Duration lease) {
  ASSIGN_OR_RETURN(const UserId inviter, call.RequireUser());
  ASSIGN_OR_RETURN(const absl::Time now, NowFor(request));
  const absl::StatusOr<Draft> draft = ParseDraft(workspace, request.invite(), now);
  const auto check = membership_.CheckInvite(call, workspace, draft.ok() ? *draft : Draft());
  if (!HasAuthority(check.status())) return check.status();
  RETURN_IF_ERROR(key.status());
  ASSIGN_OR_RETURN(std::optional<Response> kept, AnswerTo<Response>(store_, *key));
  if (kept.has_value()) return Made{.answer = std::move(kept)};
  RETURN_IF_ERROR(draft.status());
  RETURN_IF_ERROR(check.status());
  RETURN_IF_ERROR(CheckGuestExpireTime(draft->guest_expiry, check->database_time));
  Insertion insertion{.issued = IssuedOf(workspace, inviter, *draft, *check),
                      .expire_time = draft->expire_time,
                      .removed_n = check->removed_n,
                      .lease = lease,
                      .only_judge = request.validate_only()};
  insertion.issued.key = *key;
  return Store(std::move(insertion));
}

// The invite database's, where it is asked for a time.
absl::StatusOr<absl::Time> Creation::NowFor(const v1::CreateInviteRequest& request) {
  if (!request.invite().has_expire_time()) return absl::InfinitePast();
  return store_.Now();
}

Issued Creation::IssuedOf(const WorkspaceId& workspace, const UserId& inviter, const Draft& draft,
                          const InviteCheck& check) const {
  Issued issued{.invite = {.name = {workspace, auth::NewId<InviteId>()},
                           .address = draft.address,
                           .link = draft.link,
                           .role = *draft.role,
                           .channels = draft.channels,
                           .guest_expiry = draft.guest_expiry,
                           .inviter = inviter,
                           .rights_n = check.rights_n,
                           .check_time = check.database_time,
                           .workspace_display_name = check.workspace_display_name},
                .secret = auth::NewSecret(),
                .rights_revision = check.rights_revision};
  issued.invite.delivery = sending_.First(issued.invite);
  issued.tells = TellsSecret(issued.invite.delivery);
  return issued;
}

absl::StatusOr<Creation::Made> Creation::Store(Insertion insertion) {
  const absl::Status status = insertions_.Insert(insertion);
  const std::optional<RequestKey> key = insertion.issued.key;
  ASSIGN_OR_RETURN(Made made, AfterStoring(store_, status, key, Made{.issued = std::move(insertion.issued)}));
  if (insertion.only_judge && !made.answer.has_value()) {
    made.issued.tells = false;
    made.answer = Answer(made.issued);
    made.answer->mutable_invite()->clear_name();
  }
  return made;
}

}  // namespace guestpass::invite
