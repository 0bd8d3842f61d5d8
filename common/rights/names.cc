// SPDX-License-Identifier: Apache-2.0
#include "common/rights/names.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace guestpass {
namespace {

constexpr absl::string_view kMissing = "is missing";
constexpr absl::string_view kIdRule = "is not an id (26 characters of a-z and 2-7)";

template <typename IdType>
absl::StatusOr<IdType> ParseId(absl::string_view field, absl::string_view text) {
  const std::optional<IdType> id = IdType::Parse(text);
  if (text.empty()) return FieldInvalid(field, kMissing);
  if (!id.has_value()) return FieldInvalid(field, kIdRule);
  return *id;
}

// The ids of `text` where it follows `pattern`, in which {} stands for an id.
absl::StatusOr<std::vector<absl::string_view>> Match(absl::string_view field, absl::string_view text,
                                                     absl::string_view pattern) {
  const std::vector<absl::string_view> want = absl::StrSplit(pattern, '/');
  const std::vector<absl::string_view> have = absl::StrSplit(text, '/');
  const auto bad = [&] {
    if (text.empty()) return FieldInvalid(field, kMissing);
    return FieldInvalid(field, absl::StrCat("is not a name of the form ", pattern,
                                            ", {} being 26 characters of a-z and 2-7"));
  };
  if (want.size() != have.size()) return bad();
  std::vector<absl::string_view> ids;
  for (size_t i = 0; i < want.size(); ++i) {
    if (want[i] == "{}") {
      if (!Id<void>::Parse(have[i]).has_value()) return bad();
      ids.push_back(have[i]);
    } else if (want[i] != have[i]) {
      return bad();
    }
  }
  return ids;
}

}  // namespace

std::string MemberName::ToString() const { return absl::StrCat(ToName(workspace), "/members/", user.text()); }

std::string ChannelName::ToString() const {
  return absl::StrCat(ToName(workspace), "/channels/", channel.text());
}

std::string InviteName::ToString() const {
  return absl::StrCat(ToName(workspace), "/invites/", invite.text());
}

std::string ToName(const OrganizationId& organization) {
  return absl::StrCat("organizations/", organization.text());
}

std::string ToName(const WorkspaceId& workspace) { return absl::StrCat("workspaces/", workspace.text()); }

absl::StatusOr<UserId> ParseUserId(absl::string_view field, absl::string_view text) {
  return ParseId<UserId>(field, text);
}

absl::StatusOr<WorkspaceId> ParseWorkspaceId(absl::string_view field, absl::string_view text) {
  return ParseId<WorkspaceId>(field, text);
}

absl::StatusOr<ChannelId> ParseChannelId(absl::string_view field, absl::string_view text) {
  return ParseId<ChannelId>(field, text);
}

absl::StatusOr<InviteId> ParseInviteId(absl::string_view field, absl::string_view text) {
  return ParseId<InviteId>(field, text);
}

absl::StatusOr<OrganizationId> ParseOrganizationName(absl::string_view field, absl::string_view text) {
  ASSIGN_OR_RETURN(const auto ids, Match(field, text, "organizations/{}"));
  return *OrganizationId::Parse(ids[0]);
}

absl::StatusOr<WorkspaceId> ParseWorkspaceName(absl::string_view field, absl::string_view text) {
  ASSIGN_OR_RETURN(const auto ids, Match(field, text, "workspaces/{}"));
  return *WorkspaceId::Parse(ids[0]);
}

absl::StatusOr<MemberName> ParseMemberName(absl::string_view field, absl::string_view text) {
  ASSIGN_OR_RETURN(const auto ids, Match(field, text, "workspaces/{}/members/{}"));
  return MemberName{*WorkspaceId::Parse(ids[0]), *UserId::Parse(ids[1])};
}

absl::StatusOr<ChannelName> ParseChannelName(absl::string_view field, absl::string_view text) {
  ASSIGN_OR_RETURN(const auto ids, Match(field, text, "workspaces/{}/channels/{}"));
  return ChannelName{*WorkspaceId::Parse(ids[0]), *ChannelId::Parse(ids[1])};
}

absl::StatusOr<InviteName> ParseInviteName(absl::string_view field, absl::string_view text) {
  ASSIGN_OR_RETURN(const auto ids, Match(field, text, "workspaces/{}/invites/{}"));
  return InviteName{*WorkspaceId::Parse(ids[0]), *InviteId::Parse(ids[1])};
}

absl::StatusOr<MemberName> ParseExpirationName(absl::string_view field, absl::string_view text) {
  ASSIGN_OR_RETURN(const auto ids, Match(field, text, "workspaces/{}/members/{}/expiration"));
  return MemberName{*WorkspaceId::Parse(ids[0]), *UserId::Parse(ids[1])};
}

}  // namespace guestpass
