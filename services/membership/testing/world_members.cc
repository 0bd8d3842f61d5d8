// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "common/auth/random.h"
#include "common/rights/names.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/wire_status.h"
#include "services/membership/testing/world.h"

// Calls about members, guests and joins.
namespace guestpass::membership::model {
namespace {

// Sets what is asked for, as time or as duration.
template <typename Request>
void SetExpiry(Expiry expiry, Request& request) {
  if (expiry == Expiry::kPast) {
    *request.mutable_expire_time() = rpc::ToProto(absl::FromUnixSeconds(1'000'000'000));
  } else if (const auto length = LengthOf(expiry)) {
    *request.mutable_ttl() = rpc::ToProto(*length);
  }
}

}  // namespace

std::string World::CreateMember(const Operation& op) {
  v1::CreateMemberRequest request;
  request.set_parent(WorkspaceName(op.workspace));
  request.set_user(IdOf(op.user).ToString());
  request.set_role(rights_feed::ToProto(std::optional(op.role)));
  if (op.role == rights::Role::kGuest) *request.mutable_guest() = AccessOf(op);
  request.set_validate_only(op.dry_run);
  return Told(here_.members.CreateMember(As(op.caller), request));
}

v1::GuestAccess World::AccessOf(const Operation& op) const {
  v1::GuestAccess access;
  access.add_channels(ChannelOf(op).ToString());
  SetExpiry(op.expiry, access);
  return access;
}

std::string World::UpdateMember(const Operation& op) {
  v1::UpdateMemberRequest request;
  request.mutable_member()->set_name(MemberName(op.user, op.workspace));
  if (op.kind == Kind::kChangeSponsor) {
    request.mutable_member()->set_sponsor(IdOf(op.other).ToString());
  } else {
    request.mutable_member()->set_role(rights_feed::ToProto(std::optional(op.role)));
    if (op.role == rights::Role::kGuest) *request.mutable_guest() = AccessOf(op);
  }
  return Told(here_.members.UpdateMember(As(op.caller), request));
}

std::string World::ReassignGuests(const Operation& op) {
  v1::BatchReassignGuestsRequest request;
  request.set_parent(WorkspaceName(op.workspace));
  request.add_users(IdOf(op.user).ToString());
  request.set_sponsor(IdOf(op.other).ToString());
  const auto response = here_.members.BatchReassignGuests(As(op.caller), request);
  if (!response.ok()) return Told(response);
  const auto& outcome = response->outcomes(0);
  return absl::StrCat("OK ", outcome.has_member() ? "OK" : Told(rpc::FromWire(outcome.error())));
}

std::string World::DeleteMember(const Operation& op) {
  v1::DeleteMemberRequest request;
  request.set_name(MemberName(op.user, op.workspace));
  request.set_validate_only(op.dry_run);
  return Told(here_.members.DeleteMember(As(op.caller), request));
}

std::string World::SetExpiration(const Operation& op) {
  rights::v1::SetGuestExpirationRequest request;
  request.set_workspace(IdOfWorkspace(op.workspace).ToString());
  request.set_user(IdOf(op.user).ToString());
  SetExpiry(op.expiry, request);
  if (op.expiry == Expiry::kUnset) request.set_clear(true);
  return Told(here_.rights.SetGuestExpiration(ServiceFor("guest-expiry", op.caller), request));
}

std::string World::ApplyDue() {
  rights::v1::ApplyDueExpirationsRequest request;
  request.set_limit(100);
  const auto response = here_.rights.ApplyDueExpirations(Installation::AsService("guest-expiry"), request);
  if (!response.ok()) return Told(response);
  return absl::StrCat("OK ", response->applied());
}

std::string World::Invite(const Operation& op) {
  rights::v1::CheckInviteRequest check;
  check.set_workspace(IdOfWorkspace(op.workspace).ToString());
  check.set_role(rights_feed::ToProto(std::optional(op.role)));
  if (op.role == rights::Role::kGuest) {
    check.add_channels(ChannelOf(op).channel.ToString());
    SetExpiry(op.expiry, check);
  }
  if (!op.link) check.set_address(absl::StrCat(NameOf(op.user), "@example.com"));
  const auto checked = here_.rights.CheckInvite(ServiceFor("invite", op.caller), check);
  if (!checked.ok()) return Told(checked);
  rights::v1::JoinMemberRequest invite;
  invite.set_workspace(check.workspace());
  invite.set_invite(auth::NewId<InviteId>().ToString());
  invite.set_inviter(IdOf(op.caller).ToString());
  invite.set_rights_n(checked->rights_n());
  *invite.mutable_check_time() = checked->database_time();
  invite.set_role(check.role());
  *invite.mutable_channels() = check.channels();
  if (check.has_ttl()) *invite.mutable_ttl() = check.ttl();
  if (invites_.size() == kMaxInvites) invites_.erase(invites_.begin());
  invites_.push_back(invite);
  return "OK";
}

std::string World::Join(const Operation& op) {
  rights::v1::JoinMemberRequest request = invites_[op.invite % invites_.size()];
  request.set_join_key(absl::StrCat("join-", ++joins_));
  request.set_link(op.link);
  const auto response = here_.rights.JoinMember(ServiceFor("invite", op.user), request);
  if (!response.ok()) return Told(response);
  return response->already_member() ? "OK already_member" : "OK";
}

std::string World::SetEmail(const Operation& op) {
  rights::v1::SetMemberEmailRequest request;
  request.set_workspace(IdOfWorkspace(op.workspace).ToString());
  return Told(here_.rights.SetMemberEmail(ServiceFor("invite", op.caller), request));
}

}  // namespace guestpass::membership::model
