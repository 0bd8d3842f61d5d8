// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/object_json.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "services/membership/storage/postgres/enum_text.h"

namespace guestpass::membership {
namespace {

using nlohmann::json;

template <typename Enum>
json TextOrNull(const std::optional<Enum>& value) {
  return value.has_value() ? json(std::string(ToText(*value))) : json();
}

json MicrosOrNull(absl::Time time) {
  return time == absl::InfiniteFuture() ? json() : json(absl::ToUnixMicros(time));
}

struct State {
  json operator()(const rights::OrganizationMemberState& s) const { return {{"role", TextOrNull(s.role)}}; }
  json operator()(const rights::WorkspaceState& s) const {
    return {{"organization", s.organization.ToString()}, {"deleted", s.deleted}};
  }
  json operator()(const rights::ChannelState& s) const {
    return {{"workspace", s.workspace.ToString()}, {"kind", TextOrNull(s.kind)}, {"archived", s.archived}};
  }
  json operator()(const rights::MemberState& s) const {
    if (!s.role.has_value()) return {{"role", json()}};
    if (s.role != rights::Role::kGuest) return {{"role", TextOrNull(s.role)}};
    json grants = json::array();
    for (const ChannelId& channel : s.grants) grants.push_back(channel.ToString());
    return {{"role", TextOrNull(s.role)},
            {"expire_us", MicrosOrNull(s.expire_time)},
            {"access_end_us", MicrosOrNull(s.access_end_time)},
            {"recorded_state", std::string(ToText(s.recorded))},
            {"grants", std::move(grants)}};
  }
  json operator()(const rights::ParticipantState& s) const { return {{"present", s.present}}; }
};

// A field's value where it has the type asked for.
std::string TextIn(const json& state, const char* field) {
  const auto found = state.find(field);
  return found != state.end() && found->is_string() ? found->get<std::string>() : "";
}

bool BoolIn(const json& state, const char* field) {
  const auto found = state.find(field);
  return found != state.end() && found->is_boolean() && found->get<bool>();
}

absl::Time TimeIn(const json& state, const char* field) {
  const auto found = state.find(field);
  if (found == state.end() || !found->is_number_integer()) return absl::InfiniteFuture();
  return absl::FromUnixMicros(found->get<int64_t>());
}

template <typename IdType>
IdType IdIn(absl::string_view text) {
  return IdType::Parse(text).value_or(IdType());
}

rights::MemberState MemberIn(const std::vector<std::string>& ids, const json& state) {
  rights::MemberState member{
      .workspace = IdIn<WorkspaceId>(ids[0]),
      .user = IdIn<UserId>(ids[1]),
      .role = RoleOf(TextIn(state, "role")),
      .expire_time = TimeIn(state, "expire_us"),
      .access_end_time = TimeIn(state, "access_end_us"),
      .recorded = GuestStateOf(TextIn(state, "recorded_state")).value_or(rights::GuestState::kActive)};
  if (!state.contains("grants") || !state["grants"].is_array()) return member;
  for (const json& channel : state["grants"]) {
    if (channel.is_string()) member.grants.push_back(IdIn<ChannelId>(channel.get<std::string>()));
  }
  return member;
}

}  // namespace

std::string StateJson(const rights::Object& object, const Metadata& notes) {
  json state = std::visit(State{}, object);
  for (const auto& [name, value] : notes) state[name] = value;
  return state.dump(-1, ' ', false, json::error_handler_t::replace);
}

absl::StatusOr<rights::Object> ObjectOf(absl::string_view kind, absl::string_view key,
                                        absl::string_view text) {
  const json state = json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  std::vector<std::string> ids = absl::StrSplit(key, '/');
  if (!state.is_object())
    return Error(Reason::kInternal, absl::StrCat("a log entry of ", key, " has no state"));
  ids.resize(2);
  if (kind == "MEMBER") return MemberIn(ids, state);
  if (kind == "ORG_MEMBER") {
    return rights::OrganizationMemberState{IdIn<OrganizationId>(ids[0]), IdIn<UserId>(ids[1]),
                                           OrganizationRoleOf(TextIn(state, "role"))};
  }
  if (kind == "WORKSPACE") {
    return rights::WorkspaceState{IdIn<WorkspaceId>(ids[0]),
                                  IdIn<OrganizationId>(TextIn(state, "organization")),
                                  BoolIn(state, "deleted")};
  }
  if (kind == "CHANNEL") {
    return rights::ChannelState{IdIn<ChannelId>(ids[0]), IdIn<WorkspaceId>(TextIn(state, "workspace")),
                                ChannelKindOf(TextIn(state, "kind")), BoolIn(state, "archived")};
  }
  if (kind == "PARTICIPANT") {
    return rights::ParticipantState{IdIn<ChannelId>(ids[0]), IdIn<UserId>(ids[1]), BoolIn(state, "present")};
  }
  return Error(Reason::kInternal, absl::StrCat("a log entry has the unknown kind ", kind));
}

}  // namespace guestpass::membership
