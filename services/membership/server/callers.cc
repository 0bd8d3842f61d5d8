// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/callers.h"

#include "absl/strings/str_cat.h"
#include "common/mail/address.h"
#include "common/status/macros.h"
#include "services/membership/domain/conversation.h"
#include "services/membership/domain/errors.h"

namespace guestpass::membership {
namespace {

bool IsSelf(const UserId& caller, const Subject& subject) {
  return !caller.empty() && caller == subject.user;
}

absl::StatusOr<Right> AsSponsor(const UserId& caller, const Position& position, const Subject& subject) {
  RETURN_IF_ERROR(RequireEntry(position.authority, position.now));
  const bool sponsors = !caller.empty() && caller == subject.sponsor;
  if (sponsors && position.authority.role == rights::Role::kMember) return Right::kSponsor;
  return RoleTooLow(position.authority, absl::StrCat(kAdmins, " and sponsors of the guest,"));
}

// What is asked of a workspace is asked of an organization where the call is about all of it.
Need AskedOf(Need need, const Subject& subject) {
  const bool of_all = subject.workspace.empty() && !subject.organization.empty();
  const bool of_a_workspace = need == Need::kEntry || need == Need::kAdmin;
  return of_all && of_a_workspace ? Need::kOrganizationRole : need;
}

// What the caller may by itself.
absl::StatusOr<Right> Own(Need need, const rpc::Call& call, const Position& position,
                          const Subject& subject) {
  const UserId caller = CallerOf(call);
  const auto own = [](const absl::Status& status) -> absl::StatusOr<Right> {
    if (!status.ok()) return status;
    return Right::kOwn;
  };
  switch (AskedOf(need, subject)) {
    case Need::kSignedIn:
    case Need::kItself:
      return own(call.RequireUser().status());
    case Need::kOperator:
      return OperatorsOnly();
    case Need::kOrganizationRole:
      return own(RequireOrganizationRole(position));
    case Need::kOrganizationOwner:
      return own(RequireOrganizationOwner(position));
    case Need::kEntry:
    case Need::kItselfThere:
      return own(RequireEntry(position.authority, position.now));
    case Need::kItselfStarter:
      return own(RequireStarter(position.authority, position.now));
    case Need::kAdmin:
    case Need::kItselfAdmin:
      return own(RequireAdmin(position.authority, position.now));
    case Need::kAdminOrSelf:
    case Need::kAdminSelfOrSponsor:
      if (IsSelf(caller, subject)) return own(RequireEntry(position.authority, position.now));
      [[fallthrough]];
    case Need::kAdminOrSponsor: {
      const absl::Status admin = RequireAdmin(position.authority, position.now);
      return admin.ok() || need == Need::kAdminOrSelf ? own(admin) : AsSponsor(caller, position, subject);
    }
    case Need::kNothing:
      return Right::kOwn;
  }
  return OperatorsOnly();
}

}  // namespace

Actor ActorOf(const rpc::Call& call) {
  return {.user = CallerOf(call), .service = call.caller.service, .request_id = call.request_id};
}

UserId CallerOf(const rpc::Call& call) {
  return call.caller.user.has_value() ? call.caller.user->user : UserId();
}

std::string VerifiedAddress(const rpc::Call& call) {
  if (!call.caller.user.has_value() || !call.caller.user->email_verified) return "";
  const auto address = mail::ParseAddress(call.caller.user->email);
  return address.has_value() ? address->folded : "";
}

absl::StatusOr<Right> Authorize(Need need, const rpc::Call& call, const Position& position,
                                const Subject& subject) {
  const absl::StatusOr<Right> own = Own(need, call, position, subject);
  const bool all_of_it = own.ok() && *own != Right::kSponsor;
  if (all_of_it || !call.caller.is_operator || !SparesOperators(need)) return own;
  if (!subject.workspace.empty() && !position.workspace_exists) return WorkspaceNotFound(subject.workspace);
  if (!subject.organization.empty() && !position.organization_exists) {
    return OrganizationNotFound(subject.organization);
  }
  return Right::kPlatform;
}

}  // namespace guestpass::membership
