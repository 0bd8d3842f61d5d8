// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/strip.h"
#include "common/rpc/call.h"
#include "services/membership/domain/authority.h"
#include "services/membership/domain/model.h"
#include "services/membership/server/rules.h"

// Who calls, as the domain knows it, and whether it may.
namespace guestpass::membership {

// What the audit log will say of `call`.
Actor ActorOf(const rpc::Call& call);

// The user that called or is acted for; no id where a service acts for itself.
UserId CallerOf(const rpc::Call& call);

// The user's address, verified and folded; "" without one.
std::string VerifiedAddress(const rpc::Call& call);

// How a caller came by what it may do.
enum class Right { kOwn, kSponsor, kPlatform };

// Whom and what a call is about; empty fields: nobody, nothing.
struct Subject {
  OrganizationId organization;
  WorkspaceId workspace;
  UserId user;
  UserId sponsor;  // of that user
};

// The sponsor of the subject's user, where the locks or the snapshot have it.
inline Subject WithSponsor(Subject subject, const std::optional<Member>& member) {
  if (member.has_value()) subject.sponsor = member->sponsor;
  return subject;
}

// Whether the caller, which stands at `position`, may, and by which right: the one that lets it do most. The
// domain's refusals, and for platform operators ORGANIZATION_NOT_FOUND and WORKSPACE_NOT_FOUND where there is
// no such thing.
absl::StatusOr<Right> Authorize(Need need, const rpc::Call& call, const Position& position,
                                const Subject& subject);

// The rule of the method whose request this is: CreateMember's of a CreateMemberRequest.
template <typename Request>
const Rule& RuleFor(const Request&) {
  return RuleOf(absl::StripSuffix(Request::descriptor()->name(), "Request"));
}

}  // namespace guestpass::membership
