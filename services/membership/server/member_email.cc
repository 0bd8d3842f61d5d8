// SPDX-License-Identifier: Apache-2.0
#include "common/rights/names.h"
#include "services/membership/domain/errors.h"
#include "services/membership/server/audits.h"
#include "services/membership/server/mutate.h"
#include "services/membership/server/rights_service.h"

namespace guestpass::membership {

absl::StatusOr<rights::v1::SetMemberEmailResponse> RightsService::SetMemberEmail(
    const rpc::Call& call, const rights::v1::SetMemberEmailRequest& request) {
  ASSIGN_OR_RETURN(const WorkspaceId workspace, ParseWorkspaceId("workspace", request.workspace()));
  ASSIGN_OR_RETURN(const UserId user, call.RequireUser());
  const std::string address = VerifiedAddress(call);
  const auto set = [&](MembershipTx& tx, const Locked& locked,
                       Right right) -> absl::StatusOr<rights::v1::SetMemberEmailResponse> {
    if (address.empty()) return EmailNotVerified();
    auto member = locked.MemberOf(user);
    if (!member.has_value()) return MemberNotFound({workspace, user});
    rights::v1::SetMemberEmailResponse response;
    response.set_changed(member->address != address);
    if (!response.changed()) return response;
    member->address = address;
    tx.SetAddress(*member);
    tx.Audit(AuditOf("member.address_set", MemberName{workspace, user}.ToString(), locked, right));
    return response;
  };
  return Mutate<rights::v1::SetMemberEmailResponse>(
      store_, call, request, {.workspace = workspace, .users = {{user, LockMode::kUpdate}}},
      {.workspace = workspace, .user = user}, set);
}

}  // namespace guestpass::membership
