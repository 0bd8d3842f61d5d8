// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/workspaces.h"

#include "absl/time/clock.h"
#include "common/auth/random.h"
#include "common/rights/names.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/etag.h"
#include "common/rpc/field_reader.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/text.h"
#include "common/rpc/update_mask.h"
#include "services/membership/domain/errors.h"
#include "services/membership/server/audits.h"
#include "services/membership/server/convert.h"
#include "services/membership/server/look.h"
#include "services/membership/server/mutate.h"
#include "services/membership/server/pages.h"
#include "services/membership/server/workspace_settings.h"

namespace guestpass::membership {
namespace {

constexpr int kClearBatch = 1000;                         // members' records
constexpr absl::Duration kClearTime = absl::Seconds(10);  // in one call

absl::StatusOr<Workspace> NewWorkspace(const v1::Workspace& proto, const Locked& locked) {
  rpc::FieldReader reader;
  reader.Check(rpc::CheckDisplayName("workspace.display_name", proto.display_name()));
  const auto settings = reader.Take(ReadSettings(proto));
  RETURN_IF_ERROR(reader.Finish());
  return Workspace{
      .state = {.workspace = auth::NewId<WorkspaceId>(), .organization = locked.organization->id},
      .shard = locked.organization->shard,
      .display_name = proto.display_name(),
      .settings = *settings,
      .create_time = locked.now};
}

// The creator is its first direct ADMIN; an operator without a role in the organization names somebody else.
absl::StatusOr<Member> FirstAdmin(const rpc::Call& call, const v1::CreateWorkspaceRequest& request,
                                  Right right, const Workspace& workspace) {
  Member admin{.state = {.workspace = workspace.state.workspace, .role = rights::Role::kAdmin},
               .create_time = workspace.create_time};
  if (right == Right::kPlatform) {
    ASSIGN_OR_RETURN(admin.state.user, ParseUserId("first_admin", request.first_admin()));
    return admin;
  }
  if (!request.first_admin().empty()) {
    return FieldInvalid("first_admin", "is for platform operators only: the creator is the first admin");
  }
  admin.state.user = CallerOf(call);
  admin.address = VerifiedAddress(call);
  return admin;
}

void AuditCreation(const Workspace& workspace, const Member& admin, const Locked& locked, Right right,
                   MembershipTx& tx) {
  AuditEntry created = AuditOf("workspace.created", ToName(workspace.state.workspace), locked, right);
  created.workspace = workspace.state.workspace;
  created.after = workspace.state;
  created.notes = NotesOf(workspace.settings);
  tx.Audit(created);
  const MemberName name{workspace.state.workspace, admin.state.user};
  AuditEntry added = AuditOf("member.added", name.ToString(), locked, right);
  added.workspace = workspace.state.workspace;
  added.after = admin.state;
  tx.Audit(added);
}

// What guests are not told.
void HideSettings(v1::Workspace& workspace) {
  workspace.clear_guest_grace();
  workspace.clear_default_guest_lifetime();
  workspace.clear_maximum_guest_lifetime();
  workspace.clear_guest_cap();
  workspace.clear_sponsor_guest_cap();
  workspace.clear_guest_domains();
  workspace.clear_etag();
  workspace.set_etag(rpc::EtagOf(workspace));  // the other one would tell that they changed
}

v1::Workspace ShownTo(const rights::Authority& authority, const Workspace& workspace) {
  v1::Workspace proto = ToProto(workspace);
  if (authority.role == rights::Role::kGuest) HideSettings(proto);
  return proto;
}

void AddEntry(const WorkspaceView& view, absl::Time now, v1::ListWorkspacesResponse& response) {
  v1::ListWorkspacesResponse::Entry& entry = *response.add_entries();
  *entry.mutable_workspace() = ShownTo(view.authority, view.workspace);
  entry.set_role(rights_feed::ToProto(view.authority.role));
  entry.set_via_org(view.via_org);
  if (view.authority.role != rights::Role::kGuest) return;
  entry.set_guest_state(rights_feed::ToProto(std::optional(rights::StateAt(view.authority, now))));
  if (view.authority.expire_time == absl::InfiniteFuture()) return;
  *entry.mutable_expire_time() = rpc::ToProto(view.authority.expire_time);
  *entry.mutable_access_end_time() = rpc::ToProto(view.authority.access_end_time);
}

}  // namespace

absl::StatusOr<v1::Workspace> Workspaces::CreateWorkspace(const rpc::Call& call,
                                                          const v1::CreateWorkspaceRequest& request) {
  ASSIGN_OR_RETURN(const OrganizationId organization, ParseOrganizationName("parent", request.parent()));
  const auto create = [&](MembershipTx& tx, const Locked& locked,
                          Right right) -> absl::StatusOr<v1::Workspace> {
    ASSIGN_OR_RETURN(const Workspace workspace, NewWorkspace(request.workspace(), locked));
    ASSIGN_OR_RETURN(const Member admin, FirstAdmin(call, request, right, workspace));
    tx.InsertWorkspace(workspace);
    tx.InsertMember(admin);
    AuditCreation(workspace, admin, locked, right, tx);
    return ToProto(workspace);
  };
  return Mutate<v1::Workspace>(store_, call, request, {.organization = organization},
                               {.organization = organization}, create);
}

absl::StatusOr<v1::Workspace> Workspaces::GetWorkspace(const rpc::Call& call,
                                                       const v1::GetWorkspaceRequest& request) {
  ASSIGN_OR_RETURN(const WorkspaceId workspace, ParseWorkspaceName("name", request.name()));
  const auto get = [](MembershipReads&, const View& view, v1::Workspace& response) {
    response = ShownTo(view.position.authority, *view.workspace);
    response.set_rights_revision(view.revision.ToString());
    return absl::OkStatus();
  };
  return Look<v1::Workspace>(store_, call, request, {.workspace = workspace}, get);
}

absl::StatusOr<v1::ListWorkspacesResponse> Workspaces::ListWorkspaces(
    const rpc::Call& call, const v1::ListWorkspacesRequest& request) {
  Subject subject;
  if (!request.parent().empty()) {
    ASSIGN_OR_RETURN(subject.organization, ParseOrganizationName("parent", request.parent()));
  }
  const auto list = [&](MembershipReads& reads, const View& view,
                        v1::ListWorkspacesResponse& response) -> absl::Status {
    ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(pages_, call, request));
    const WorkspaceId after = WorkspaceId::Parse(page.after).value_or(WorkspaceId());
    ASSIGN_OR_RETURN(const auto found, reads.ListWorkspaces(after, page.size + 1));
    AnswerPage(
        pages_, call, request, page, found, response,
        [&](const WorkspaceView& entry) { AddEntry(entry, view.position.now, response); },
        [](const WorkspaceView& last) { return last.workspace.state.workspace.ToString(); });
    return absl::OkStatus();
  };
  return Look<v1::ListWorkspacesResponse>(store_, call, request, subject, list);
}

absl::StatusOr<v1::Workspace> Workspaces::UpdateWorkspace(const rpc::Call& call,
                                                          const v1::UpdateWorkspaceRequest& request) {
  ASSIGN_OR_RETURN(const WorkspaceId id, ParseWorkspaceName("workspace.name", request.workspace().name()));
  const auto update = [&](MembershipTx& tx, const Locked& locked,
                          Right right) -> absl::StatusOr<v1::Workspace> {
    const Workspace& before = *locked.workspace;
    RETURN_IF_ERROR(rpc::CheckEtag(request.workspace().etag(), ToProto(before).etag()));
    ASSIGN_OR_RETURN(
        const rpc::UpdateMask mask,
        rpc::UpdateMask::Read(request.update_mask(), request.workspace(), MutableWorkspacePaths()));
    ASSIGN_OR_RETURN(const Workspace after, Changed(before, request.workspace(), mask));
    if (ToProto(after).etag() == ToProto(before).etag()) return ToProto(after);
    tx.UpdateWorkspace(after);
    AuditEntry entry = AuditOf("workspace.updated", ToName(id), locked, right);
    entry.before = before.state;
    entry.notes_before = NotesOf(before.settings);
    entry.after = after.state;
    entry.notes = NotesOf(after.settings);
    if (after.display_name != before.display_name) entry.notes["changed"] = "display_name";
    tx.Audit(entry);
    return ToProto(after);
  };
  return Mutate<v1::Workspace>(store_, call, request, {.workspace = id, .workspace_mode = LockMode::kUpdate},
                               {.workspace = id}, update);
}

absl::StatusOr<v1::DeleteWorkspaceResponse> Workspaces::DeleteWorkspace(
    const rpc::Call& call, const v1::DeleteWorkspaceRequest& request) {
  ASSIGN_OR_RETURN(const WorkspaceId id, ParseWorkspaceName("name", request.name()));
  const auto remove = [&](MembershipTx& tx, const Locked& locked,
                          Right right) -> absl::StatusOr<v1::DeleteWorkspaceResponse> {
    if (!locked.workspace.has_value()) return WorkspaceNotFound(id);
    Workspace workspace = *locked.workspace;
    if (workspace.state.deleted) return v1::DeleteWorkspaceResponse();
    RETURN_IF_ERROR(rpc::CheckEtag(request.etag(), ToProto(workspace).etag()));
    AuditEntry entry = AuditOf("workspace.deleted", ToName(id), locked, right);
    entry.before = workspace.state;
    workspace.state.deleted = true;
    entry.after = workspace.state;
    tx.UpdateWorkspace(workspace);
    tx.Audit(entry);
    return v1::DeleteWorkspaceResponse();
  };
  const absl::Time until = absl::Now() + kClearTime;
  ASSIGN_OR_RETURN(
      auto response,
      Mutate<v1::DeleteWorkspaceResponse>(
          store_, call, request, {.workspace = id, .workspace_mode = LockMode::kUpdate}, Subject(), remove));
  while (!request.validate_only() && absl::Now() < std::min(until, call.deadline)) {
    ASSIGN_OR_RETURN(const int64_t cleared, upkeep_.ClearWorkspace(id, kClearBatch));
    if (cleared == 0) break;
    response.set_cleared(response.cleared() + cleared);
  }
  ASSIGN_OR_RETURN(const int64_t remaining, upkeep_.CountMembers(id));
  response.set_remaining(remaining);
  response.set_done(remaining == 0);
  return response;
}

}  // namespace guestpass::membership
