// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/creation.h"

#include <utility>

#include "common/auth/random.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/telemetry/log.h"
#include "services/invite/domain/draft.h"
#include "services/invite/server/convert.h"

namespace guestpass::invite {
namespace {

// Whether membership, by saying that of a draft, has said that the user may invite.
bool HasAuthority(const absl::Status& checked) {
  return checked.ok() || HasReason(checked, Reason::kFieldInvalid) ||
         HasReason(checked, Reason::kChannelNotFound) || HasReason(checked, Reason::kMemberExists);
}

void LogUndecided(absl::string_view message, const InviteName& invite, const absl::Status& status) {
  telemetry::Log(telemetry::Severity::kWarning, message,
                 {{"invite", invite.ToString()}, {"error", std::string(status.message())}});
}

}  // namespace

absl::StatusOr<v1::CreateInviteResponse> Creation::Create(const rpc::Call& call,
                                                          const v1::CreateInviteRequest& request) {
  ASSIGN_OR_RETURN(New created, Judge(call, request));
  if (courier_ != nullptr) RETURN_IF_ERROR(Deliver(created));
  return Respond(created);
}

absl::StatusOr<Creation::New> Creation::Judge(const rpc::Call& call, const v1::CreateInviteRequest& request) {
  ASSIGN_OR_RETURN(const UserId inviter, call.RequireUser());
  ASSIGN_OR_RETURN(const WorkspaceId workspace, ParseWorkspaceName("parent", request.parent()));
  ASSIGN_OR_RETURN(const absl::Time now, store_.Now());
  const absl::StatusOr<Draft> draft = ParseDraft(workspace, request.invite(), now);
  const auto check = membership_.CheckInvite(call, workspace, draft.ok() ? *draft : Draft());
  if (!draft.ok() && HasAuthority(check.status())) return draft.status();
  RETURN_IF_ERROR(check.status());
  RETURN_IF_ERROR(CheckGuestExpireTime(draft->guest_expiry, check->database_time));
  New created{.invite = {.name = {workspace, auth::NewId<InviteId>()},
                         .address = draft->address,
                         .role = *draft->role,
                         .channels = draft->channels,
                         .guest_expiry = draft->guest_expiry,
                         .inviter = inviter,
                         .rights_n = check->rights_n,
                         .check_time = check->database_time,
                         .delivery = courier_ == nullptr ? Delivery::kNotConfigured : Delivery::kSending,
                         .expire_time = draft->expire_time.value_or(absl::InfiniteFuture())},
              .secret = auth::NewSecret(),
              .workspace_display_name = check->workspace_display_name};
  RETURN_IF_ERROR(Insert(created, check->removed_n));
  return created;
}

absl::Status Creation::Insert(New& created, uint64_t removed_n) {
  const std::string hash = auth::Sha256(created.secret);
  return store_.Transact([&](InviteTx& tx) -> absl::Status {
    Invite invite = created.invite;
    invite.create_time = tx.Now();
    if (invite.expire_time == absl::InfiniteFuture())
      invite.expire_time = tx.Now() + options_.default_lifetime;
    RETURN_IF_ERROR(tx.EndStale(invite.name.workspace, invite.address.folded, removed_n));
    RETURN_IF_ERROR(tx.Insert(invite, hash));
    created.invite = invite;
    return absl::OkStatus();
  });
}

absl::Status Creation::Deliver(New& created) {
  const Invite& invite = created.invite;
  const auto delivered = courier_->Deliver({.invite = invite.name,
                                            .mailbox = invite.address.Mailbox(),
                                            .secret = created.secret,
                                            .workspace_display_name = created.workspace_display_name,
                                            .create_time = invite.create_time,
                                            .expire_time = invite.expire_time});
  if (!delivered.ok()) return TakeBack(created, delivered.status());
  const absl::Status marked = store_.Transact([&](InviteTx& tx) { return tx.MarkSent(invite.name); });
  if (!marked.ok()) {
    LogUndecided("mail was sent, but not recorded so", invite.name, marked);
    return absl::OkStatus();
  }
  created.invite.delivery = Delivery::kSent;
  return absl::OkStatus();
}

absl::Status Creation::TakeBack(const New& created, const absl::Status& failure) {
  const InviteName& name = created.invite.name;
  bool removed = false;
  const absl::Status status = store_.Transact([&](InviteTx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(removed, tx.RemoveUndelivered(name));
    return absl::OkStatus();
  });
  if (!status.ok()) LogUndecided("mail failed, and its invite could not be removed", name, status);
  return status.ok() && !removed ? absl::OkStatus() : failure;
}

v1::CreateInviteResponse Creation::Respond(const New& created) const {
  v1::CreateInviteResponse response;
  *response.mutable_invite() = ToProto(created.invite, created.invite.create_time);
  if (created.invite.delivery != Delivery::kNotConfigured) return response;
  response.set_secret(created.secret);
  if (options_.public_url.has_value()) {
    response.set_accept_url(options_.public_url->AcceptUrl(created.secret));
  }
  return response;
}

}  // namespace guestpass::invite
