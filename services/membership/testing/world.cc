// SPDX-License-Identifier: Apache-2.0
#include "services/membership/testing/world.h"

#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/proto_time.h"
#include "common/status/error.h"

namespace guestpass::membership::model {
namespace {

constexpr char kNone[] = "zzzzzzzzzzzzzzzzzzzzzzzzzz";  // the id of what there is not

v1::Workspace ProtoOf(const Settings& settings) {
  v1::Workspace proto;
  *proto.mutable_guest_grace() = rpc::ToProto(settings.grace);
  if (const auto length = LengthOf(settings.fallback)) {
    *proto.mutable_default_guest_lifetime() = rpc::ToProto(*length);
  }
  if (const auto length = LengthOf(settings.maximum)) {
    *proto.mutable_maximum_guest_lifetime() = rpc::ToProto(*length);
  }
  proto.set_guest_cap(settings.cap);
  proto.set_sponsor_guest_cap(settings.sponsor_cap);
  if (settings.domains != Domains::kAll) {
    proto.add_guest_domains(settings.domains == Domains::kTheirs ? "example.com" : "example.org");
  }
  return proto;
}

std::vector<UserId> Everybody() {
  std::vector<UserId> users;
  for (Person person = 0; person < kPersons; ++person) users.push_back(World::IdOf(person));
  return users;
}

}  // namespace

std::string Told(const absl::Status& status) {
  if (status.ok()) return "OK";
  const auto details = DetailsOf(status);
  return details.has_value() ? std::string(ReasonName(details->reason)) : status.ToString();
}

World::World() : cache_(here_, Everybody()) {
  workspaces_ = {here_.workspace};
  channels_ = {{here_.workspace, here_.public_channel}, {here_.workspace, here_.private_channel}};
}

rpc::Call World::As(Person person) {
  rpc::Call call = person == kOperator ? Installation::AsOperator() : Installation::As(NameOf(person));
  call.deadline = absl::InfiniteFuture();
  return call;
}

rpc::Call World::ServiceFor(const std::string& service, Person person) {
  rpc::Call call = As(person);
  call.caller.service = service;
  return call;
}

WorkspaceId World::IdOfWorkspace(int workspace) const {
  return workspace < static_cast<int>(workspaces_.size()) ? workspaces_[workspace]
                                                          : *WorkspaceId::Parse(kNone);
}

std::string World::WorkspaceName(int workspace) const { return ToName(IdOfWorkspace(workspace)); }

std::string World::MemberName(Person person, int workspace) const {
  return guestpass::MemberName{IdOfWorkspace(workspace), IdOf(person)}.ToString();
}

guestpass::ChannelName World::ChannelOf(const Operation& op) const {
  if (op.channel < static_cast<int>(channels_.size())) return channels_[op.channel];
  return {IdOfWorkspace(op.workspace), *ChannelId::Parse(kNone)};
}

std::string World::Run(const Operation& op) {
  switch (op.kind) {
    case Kind::kCreateMember:
      return CreateMember(op);
    case Kind::kChangeRole:
    case Kind::kChangeSponsor:
      return UpdateMember(op);
    case Kind::kReassignGuests:
      return ReassignGuests(op);
    case Kind::kDeleteMember:
      return DeleteMember(op);
    case Kind::kCreateChannel:
      return CreateChannel(op);
    case Kind::kUpdateChannel:
    case Kind::kArchiveChannel:
      return ChangeChannel(op);
    case Kind::kAddChannelMember:
    case Kind::kRemoveChannelMember:
      return ChangeChannelMember(op);
    case Kind::kAddGuestGrant:
    case Kind::kRemoveGuestGrant:
      return ChangeGrant(op);
    case Kind::kStartDirect:
      return StartDirect(op);
    case Kind::kSetExpiration:
      return SetExpiration(op);
    case Kind::kApplyDue:
      return ApplyDue();
    case Kind::kInvite:
      return Invite(op);
    case Kind::kJoin:
      return Join(op);
    case Kind::kSetEmail:
      return SetEmail(op);
    case Kind::kCreateWorkspace:
      return CreateWorkspace(op);
    case Kind::kUpdateWorkspace:
      return UpdateWorkspace(op);
    case Kind::kDeleteWorkspace:
      return DeleteWorkspace(op);
    case Kind::kAddOrganizationMember:
    case Kind::kRemoveOrganizationMember:
      return ChangeOrganizationMember(op);
    case Kind::kRemoveUser:
      return RemoveUser(op);
    case Kind::kEraseUser:
      return EraseUser(op);
  }
  return "";
}

std::string World::CreateWorkspace(const Operation& op) {
  v1::CreateWorkspaceRequest request;
  request.set_parent(ToName(here_.organization));
  request.mutable_workspace()->set_display_name("Another");
  if (op.names_admin) request.set_first_admin(IdOf(op.other).ToString());
  request.set_validate_only(op.dry_run);
  const auto made = here_.workspaces.CreateWorkspace(As(op.caller), request);
  if (!made.ok()) return Told(made);
  const std::string outcome = absl::StrCat("OK workspace ", workspaces_.size());
  if (op.dry_run) return outcome;
  workspaces_.push_back(*ParseWorkspaceName("name", made->name()));
  cache_.Watch(workspaces_.back());
  return outcome;
}

std::string World::UpdateWorkspace(const Operation& op) {
  v1::UpdateWorkspaceRequest request;
  *request.mutable_workspace() = ProtoOf(op.settings);
  request.mutable_workspace()->set_name(WorkspaceName(op.workspace));
  for (const char* path : {"guest_grace", "default_guest_lifetime", "maximum_guest_lifetime", "guest_cap",
                           "sponsor_guest_cap", "guest_domains"}) {
    request.mutable_update_mask()->add_paths(path);
  }
  return Told(here_.workspaces.UpdateWorkspace(As(op.caller), request));
}

std::string World::DeleteWorkspace(const Operation& op) {
  v1::DeleteWorkspaceRequest request;
  request.set_name(WorkspaceName(op.workspace));
  request.set_validate_only(op.dry_run);
  return Told(here_.workspaces.DeleteWorkspace(As(op.caller), request));
}

std::string World::ChangeOrganizationMember(const Operation& op) {
  const auto fill = [&](auto request) {
    request.set_organization(ToName(here_.organization));
    request.set_user(IdOf(op.user).ToString());
    request.set_validate_only(op.dry_run);
    return request;
  };
  if (op.kind == Kind::kRemoveOrganizationMember) {
    return Told(here_.organization_members.RemoveOrganizationMember(
        As(op.caller), fill(v1::RemoveOrganizationMemberRequest())));
  }
  v1::AddOrganizationMemberRequest request = fill(v1::AddOrganizationMemberRequest());
  request.set_role(rights_feed::ToProto(std::optional(op.organization_role)));
  return Told(here_.organization_members.AddOrganizationMember(As(op.caller), request));
}

std::string World::RemoveUser(const Operation& op) {
  v1::RemoveUserFromOrganizationRequest request;
  request.set_organization(ToName(here_.organization));
  request.set_user(IdOf(op.user).ToString());
  request.set_validate_only(op.dry_run);
  const auto response = here_.user_removals.RemoveUserFromOrganization(As(op.caller), request);
  if (!response.ok()) return Told(response);
  if (!response->done()) return "not done";
  return absl::StrCat("OK removed ", response->removed(), " blocked ", response->blocked_size(),
                      response->org_role_taken() ? ", role taken" : "");
}

std::string World::EraseUser(const Operation& op) {
  v1::EraseUserRequest request;
  request.set_user(IdOf(op.user).ToString());
  request.set_validate_only(op.dry_run);
  return Told(here_.user_removals.EraseUser(As(op.caller), request));
}

}  // namespace guestpass::membership::model
