// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/rights/names.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/etag.h"
#include "common/rpc/field_reader.h"
#include "common/rpc/proto_time.h"
#include "common/status/macros.h"
#include "services/membership/domain/errors.h"
#include "services/membership/server/convert.h"
#include "services/membership/server/look.h"
#include "services/membership/server/members.h"
#include "services/membership/server/pages.h"

namespace guestpass::membership {
namespace {

constexpr char kAllWorkspaces[] = "workspaces/-";
constexpr int kMaxNames = 1000;

// Who may be shown all of what a member's etag is made of, grants included.
bool IsShownAll(const rpc::Call& call, const View& view, const UserId& user) {
  return call.caller.is_operator || CallerOf(call) == user || rights::IsAdmin(view.position.authority) ||
         view.position.organization_role.has_value();
}

v1::Member Shown(const rpc::Call& call, const MemberView& found, const View& view) {
  v1::Member member = ToProto(found, view.position.now);
  if (!found.via_org && !IsShownAll(call, view, found.member.state.user)) {
    member.clear_etag();
    member.set_etag(rpc::EtagOf(member));  // the other one would tell that its grants changed
  }
  member.set_rights_revision(view.revision.ToString());
  return member;
}

absl::StatusOr<std::vector<UserId>> ReadNames(const WorkspaceId& workspace,
                                              const v1::BatchGetMembersRequest& request) {
  if (request.names_size() > kMaxNames) return FieldInvalid("names", "has more than 1,000 names");
  rpc::FieldReader reader;
  std::vector<UserId> users;
  for (int i = 0; i < request.names_size(); ++i) {
    const std::string at = absl::StrCat("names[", i, "]");
    const auto name = reader.Take(ParseMemberName(at, request.names(i)));
    if (!name.has_value()) continue;
    if (name->workspace != workspace) reader.Add({{at, "is of another workspace than parent"}});
    users.push_back(name->user);
  }
  RETURN_IF_ERROR(reader.Finish());
  return users;
}

bool IsOfAll(const v1::ListMembersRequest& request) { return request.parent() == kAllWorkspaces; }

absl::StatusOr<Subject> SubjectOf(const v1::ListMembersRequest& request) {
  Subject subject;
  if (IsOfAll(request)) {
    ASSIGN_OR_RETURN(subject.organization, ParseOrganizationName("organization", request.organization()));
  } else {
    ASSIGN_OR_RETURN(subject.workspace, ParseWorkspaceName("parent", request.parent()));
  }
  return subject;
}

// What a filter's enum says; unspecified: nothing.
template <typename Enum>
auto ReadFilter(absl::string_view field, Enum value, rpc::FieldReader& reader) {
  const auto read = rights_feed::FromProto(value);
  if (!read.has_value() && value != Enum()) reader.Add({{std::string(field), "is none that there is"}});
  return read;
}

absl::StatusOr<MemberQuery> QueryOf(const v1::ListMembersRequest& request) {
  rpc::FieldReader reader;
  MemberQuery query{.without_valid_sponsor = request.without_valid_sponsor()};
  query.role = ReadFilter("role", request.role(), reader);
  query.guest_state = ReadFilter("guest_state", request.guest_state(), reader);
  if (!IsOfAll(request) && !request.organization().empty()) {
    reader.Add({{"organization", "is for the parent workspaces/- only"}});
  }
  if (!request.sponsor().empty()) {
    query.sponsor = reader.Take(ParseUserId("sponsor", request.sponsor())).value_or(UserId());
  }
  if (request.has_expire_before()) {
    query.expire_before =
        reader.Take(rpc::FromProto("expire_before", request.expire_before())).value_or(query.expire_before);
  }
  RETURN_IF_ERROR(reader.Finish());
  return query;
}

// As NextPlace made it.
MemberPlace PlaceIn(const rpc::Page& page) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(page.after, '/');
  return {WorkspaceId::Parse(parts.first).value_or(WorkspaceId()),
          UserId::Parse(parts.second).value_or(UserId())};
}

std::string NextPlace(const MemberView& last) {
  const rights::MemberState& state = last.member.state;
  return absl::StrCat(state.workspace.text(), "/", state.user.text());
}

}  // namespace

absl::StatusOr<v1::Member> Members::GetMember(const rpc::Call& call, const v1::GetMemberRequest& request) {
  ASSIGN_OR_RETURN(const MemberName name, ParseMemberName("name", request.name()));
  const auto get = [&](MembershipReads& reads, const View& view, v1::Member& response) -> absl::Status {
    ASSIGN_OR_RETURN(const auto found, reads.FindMembers({name.user}));
    if (found.empty()) return MemberNotFound(name);
    response = Shown(call, found[0], view);
    return absl::OkStatus();
  };
  return Look<v1::Member>(store_, call, request, {.workspace = name.workspace}, get);
}

absl::StatusOr<v1::BatchGetMembersResponse> Members::BatchGetMembers(
    const rpc::Call& call, const v1::BatchGetMembersRequest& request) {
  ASSIGN_OR_RETURN(const WorkspaceId workspace, ParseWorkspaceName("parent", request.parent()));
  const auto get = [&](MembershipReads& reads, const View& view,
                       v1::BatchGetMembersResponse& response) -> absl::Status {
    ASSIGN_OR_RETURN(const auto users, ReadNames(workspace, request));
    ASSIGN_OR_RETURN(const auto views, reads.FindMembers(users));
    std::map<UserId, v1::Member> found;
    for (const MemberView& member : views) found[member.member.state.user] = Shown(call, member, view);
    for (int i = 0; i < request.names_size(); ++i) {
      const auto member = found.find(users[i]);
      if (member == found.end()) {
        response.add_not_found(request.names(i));
      } else {
        *response.add_members() = member->second;
      }
    }
    return absl::OkStatus();
  };
  return Look<v1::BatchGetMembersResponse>(store_, call, request, {.workspace = workspace}, get);
}

absl::StatusOr<v1::ListMembersResponse> Members::ListMembers(const rpc::Call& call,
                                                             const v1::ListMembersRequest& request) {
  ASSIGN_OR_RETURN(const Subject subject, SubjectOf(request));
  const bool of_all = IsOfAll(request);
  const auto list = [&](MembershipReads& reads, const View& view,
                        v1::ListMembersResponse& response) -> absl::Status {
    ASSIGN_OR_RETURN(const MemberQuery query, QueryOf(request));
    ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(pages_, call, request));
    const MemberPlace after = PlaceIn(page);
    ASSIGN_OR_RETURN(const auto found, of_all ? reads.ListMembersOfAll(query, after, page.size + 1)
                                              : reads.ListMembers(query, after.user, page.size + 1));
    AnswerPage(
        pages_, call, request, page, found, response,
        [&](const MemberView& member) { *response.add_members() = Shown(call, member, view); }, NextPlace);
    if (!request.with_total_size()) return absl::OkStatus();
    ASSIGN_OR_RETURN(const int64_t total,
                     of_all ? reads.CountMembersOfAll(query) : reads.CountMembers(query));
    response.set_total_size(total);
    return absl::OkStatus();
  };
  return Look<v1::ListMembersResponse>(store_, call, request, subject, list);
}

}  // namespace guestpass::membership
