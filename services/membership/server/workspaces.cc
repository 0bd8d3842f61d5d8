// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "common/auth/random.h"
#include "common/rights/names.h"
#include "common/rpc/field_reader.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/text.h"
#include "common/status/macros.h"
#include "services/membership/domain/errors.h"
#include "services/membership/server/callers.h"
#include "services/membership/server/convert.h"
#include "services/membership/server/membership_service.h"

namespace guestpass::membership {
namespace {

absl::StatusOr<absl::Duration> GraceIn(const v1::Workspace& workspace) {
  constexpr char kField[] = "workspace.guest_grace";
  if (!workspace.has_guest_grace()) return Workspace().guest_grace;
  ASSIGN_OR_RETURN(const absl::Duration grace, rpc::FromProto(kField, workspace.guest_grace()));
  if (grace < absl::ZeroDuration() || grace > kMaxGuestGrace) {
    return FieldInvalid(kField, "is not between 0 and 30 days");
  }
  return grace;
}

absl::StatusOr<Workspace> NewWorkspace(const v1::Workspace& proto, const Locked& locked) {
  rpc::FieldReader reader;
  reader.Check(rpc::CheckDisplayName("workspace.display_name", proto.display_name()));
  const std::optional<absl::Duration> grace = reader.Take(GraceIn(proto));
  RETURN_IF_ERROR(reader.Finish());
  return Workspace{
      .state = {.workspace = auth::NewId<WorkspaceId>(), .organization = locked.organization->id},
      .shard = locked.organization->shard,
      .display_name = proto.display_name(),
      .guest_grace = *grace,
      .create_time = locked.now};
}

// The creator is its first direct ADMIN.
Member FirstAdmin(const rpc::Call& call, const UserId& user, const Workspace& workspace) {
  return {.state = {.workspace = workspace.state.workspace, .user = user, .role = rights::Role::kAdmin},
          .address = VerifiedAddress(call),
          .create_time = workspace.create_time};
}

void AuditCreation(const Workspace& workspace, const Member& admin, MembershipTx& tx) {
  AuditEntry entry{
      .action = "workspace.created",
      .target = ToName(workspace.state.workspace),
      .organization = workspace.state.organization,
      .workspace = workspace.state.workspace,
      .after = workspace.state,
      .notes = {{"guest_grace_us", absl::StrCat(absl::ToInt64Microseconds(workspace.guest_grace))}}};
  tx.Audit(entry);
  entry.action = "member.added";
  entry.target = MemberName{admin.state.workspace, admin.state.user}.ToString();
  entry.after = admin.state;
  entry.notes = {};
  tx.Audit(entry);
}

}  // namespace

absl::StatusOr<v1::Workspace> MembershipService::Create(const rpc::Call& call,
                                                        const v1::CreateWorkspaceRequest& request) {
  ASSIGN_OR_RETURN(const OrganizationId organization, ParseOrganizationName("parent", request.parent()));
  ASSIGN_OR_RETURN(const UserId user, call.RequireUser());
  Workspace workspace;
  const auto create = [&](MembershipTx& tx, const Locked& locked) -> absl::Status {
    if (!locked.RoleInOrganization(user).has_value()) return NoOrganizationRole();
    ASSIGN_OR_RETURN(workspace, NewWorkspace(request.workspace(), locked));
    const Member admin = FirstAdmin(call, user, workspace);
    RETURN_IF_ERROR(tx.InsertWorkspace(workspace));
    RETURN_IF_ERROR(tx.InsertMember(admin));
    AuditCreation(workspace, admin, tx);
    return absl::OkStatus();
  };
  const LockPlan plan{.organization = organization, .users = {{user, LockMode::kShare}}};
  RETURN_IF_ERROR(store_.Transact(plan, ActorOf(call), create).status());
  return ToProto(workspace);
}

}  // namespace guestpass::membership
