// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/listing.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/rpc/field_reader.h"
#include "common/rpc/paging.h"
#include "common/rpc/proto_time.h"
#include "common/status/macros.h"
#include "services/invite/server/authority.h"
#include "services/invite/server/convert.h"

namespace guestpass::invite {
namespace {

constexpr int kMaxStates = 10;

absl::StatusOr<InviteFilter> FilterOf(const WorkspaceId& workspace, const v1::ListInvitesRequest& request) {
  rpc::FieldReader reader;
  InviteFilter filter{.workspace = workspace};
  if (request.states_size() > kMaxStates) reader.Add({{"states", "has more than 10 states"}});
  for (int i = 0; i < std::min(request.states_size(), kMaxStates); ++i) {
    const std::optional<State> state = FromProto(request.states(i));
    if (state.has_value()) {
      filter.states.push_back(*state);
    } else {
      reader.Add({{absl::StrCat("states[", i, "]"), "is none of those that there are"}});
    }
  }
  if (request.has_expire_before()) {
    filter.expire_before = reader.Take(rpc::FromProto("expire_before", request.expire_before()));
  }
  RETURN_IF_ERROR(reader.Finish());
  return filter;
}

std::string TextOf(const Invite& last) {
  return absl::StrCat(absl::ToUnixMicros(last.create_time), " ", last.name.invite.text());
}

// Nothing on the first page; tokens are sealed, so what they hold is ours.
std::optional<InvitePlace> PlaceOf(const std::string& text) {
  const std::vector<std::string> words = absl::StrSplit(text, ' ');
  int64_t micros = 0;
  if (words.size() != 2 || !absl::SimpleAtoi(words[0], &micros)) return std::nullopt;
  return InvitePlace{absl::FromUnixMicros(micros), InviteId::Parse(words[1]).value_or(InviteId())};
}

}  // namespace

absl::StatusOr<v1::Invite> Listing::Get(const rpc::Call& call, const v1::GetInviteRequest& request) {
  ASSIGN_OR_RETURN(const InviteName name, ParseInviteName("name", request.name()));
  RETURN_IF_ERROR(RequireAuthority(membership_, call, name.workspace));
  ASSIGN_OR_RETURN(const Invite invite, store_.Get(name));
  ASSIGN_OR_RETURN(const absl::Time now, store_.Now());
  return ToProto(invite, now);
}

absl::StatusOr<v1::ListInvitesResponse> Listing::List(const rpc::Call& call,
                                                      const v1::ListInvitesRequest& request) {
  ASSIGN_OR_RETURN(const WorkspaceId workspace, ParseWorkspaceName("parent", request.parent()));
  RETURN_IF_ERROR(RequireAuthority(membership_, call, workspace));
  ASSIGN_OR_RETURN(const InviteFilter filter, FilterOf(workspace, request));
  ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(pages_, call, request));
  ASSIGN_OR_RETURN(const std::vector<Invite> found, store_.List(filter, PlaceOf(page.after), page.size + 1));
  ASSIGN_OR_RETURN(const absl::Time now, store_.Now());
  v1::ListInvitesResponse response;
  const size_t count = std::min(found.size(), static_cast<size_t>(page.size));
  for (size_t i = 0; i < count; ++i) *response.add_invites() = ToProto(found[i], now);
  if (found.size() > count) {
    response.set_next_page_token(rpc::NextPageToken(pages_, call, request, TextOf(found[count - 1])));
  }
  return response;
}

}  // namespace guestpass::invite
