// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/organization_members.h"

#include "common/rights/names.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/field_reader.h"
#include "services/membership/domain/errors.h"
#include "services/membership/server/look.h"
#include "services/membership/server/mutate.h"
#include "services/membership/server/organization_roles.h"
#include "services/membership/server/pages.h"

namespace guestpass::membership {
namespace {

using rights::OrganizationMemberState;
using rights::OrganizationRole;

// Of whom a request is, as far as it can be read: what is wrong with it is said to those only who may ask.
UserId ReadableUser(const std::string& text) { return UserId::Parse(text).value_or(UserId()); }

// Only owners make an owner, and change one (M6): an admin is told so whether or not there is anything to
// grant or to take.
auto JudgeOwnership(const rpc::Call& call, const UserId& user, std::optional<OrganizationRole> granted) {
  return [&call, user, granted](const Locked& locked, Right right) -> absl::StatusOr<Right> {
    const bool is_owner = locked.RoleInOrganization(user) == OrganizationRole::kOwner;
    if (granted != OrganizationRole::kOwner && !is_owner) return right;
    return Authorize(Need::kOrganizationOwner, call, locked.PositionOf(CallerOf(call)), {});
  };
}

v1::OrganizationMember Shown(const OrganizationMemberState& state) {
  v1::OrganizationMember proto;
  proto.set_organization(ToName(state.organization));
  proto.set_user(state.user.ToString());
  proto.set_role(rights_feed::ToProto(state.role));
  return proto;
}

}  // namespace

absl::StatusOr<v1::OrganizationMember> OrganizationMembers::AddOrganizationMember(
    const rpc::Call& call, const v1::AddOrganizationMemberRequest& request) {
  ASSIGN_OR_RETURN(const OrganizationId id, ParseOrganizationName("organization", request.organization()));
  const UserId user = ReadableUser(request.user());
  const auto role = rights_feed::FromProto(request.role());
  const auto add = [&](MembershipTx& tx, const Locked& locked,
                       Right right) -> absl::StatusOr<v1::OrganizationMember> {
    rpc::FieldReader reader;
    reader.Check(ParseUserId("user", request.user()).status());
    if (!role.has_value()) reader.Check(FieldInvalid("role", "is neither OWNER nor ADMIN"));
    RETURN_IF_ERROR(reader.Finish());
    const OrganizationMemberState after{.organization = id, .user = user, .role = role};
    if (locked.RoleInOrganization(user) != role) RETURN_IF_ERROR(GiveRole(after, locked, right, tx));
    return Shown(after);
  };
  return Mutate<v1::OrganizationMember>(store_, call, request, RolePlan(id, user), {.organization = id}, add,
                                        JudgeOwnership(call, user, role));
}

absl::StatusOr<v1::RemoveOrganizationMemberResponse> OrganizationMembers::RemoveOrganizationMember(
    const rpc::Call& call, const v1::RemoveOrganizationMemberRequest& request) {
  ASSIGN_OR_RETURN(const OrganizationId id, ParseOrganizationName("organization", request.organization()));
  const UserId user = ReadableUser(request.user());
  const auto remove = [&](MembershipTx& tx, const Locked& locked,
                          Right right) -> absl::StatusOr<v1::RemoveOrganizationMemberResponse> {
    RETURN_IF_ERROR(ParseUserId("user", request.user()).status());
    if (!locked.RoleInOrganization(user).has_value()) return OrganizationMemberNotFound(id, user);
    RETURN_IF_ERROR(EndRole(user, locked, right, /*by_itself=*/user == CallerOf(call), tx));
    return v1::RemoveOrganizationMemberResponse();
  };
  return Mutate<v1::RemoveOrganizationMemberResponse>(store_, call, request, RolePlan(id, user),
                                                      {.organization = id}, remove,
                                                      JudgeOwnership(call, user, std::nullopt));
}

absl::StatusOr<v1::ListOrganizationMembersResponse> OrganizationMembers::ListOrganizationMembers(
    const rpc::Call& call, const v1::ListOrganizationMembersRequest& request) {
  ASSIGN_OR_RETURN(const OrganizationId id, ParseOrganizationName("parent", request.parent()));
  const auto list = [&](MembershipReads& reads, const View& view,
                        v1::ListOrganizationMembersResponse& response) -> absl::Status {
    ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(pages_, call, request));
    const UserId after = UserId::Parse(page.after).value_or(UserId());
    ASSIGN_OR_RETURN(const auto found, reads.ListOrganizationMembers(after, page.size + 1));
    const auto add = [&](const OrganizationMemberState& state) {
      v1::OrganizationMember& member = *response.add_members() = Shown(state);
      member.set_rights_revision(view.revision.ToString());
    };
    AnswerPage(pages_, call, request, page, found, response, add,
               [](const OrganizationMemberState& last) { return last.user.ToString(); });
    return absl::OkStatus();
  };
  return Look<v1::ListOrganizationMembersResponse>(store_, call, request, {.organization = id}, list);
}

}  // namespace guestpass::membership
