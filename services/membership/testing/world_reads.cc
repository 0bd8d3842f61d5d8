// SPDX-License-Identifier: Apache-2.0
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/rights/names.h"
#include "gtest/gtest.h"
#include "services/membership/testing/world.h"

// What is read, in the model's words.
namespace guestpass::membership::model {
namespace {

constexpr int kAllActions[] = {type::v1::ACTION_READ,       type::v1::ACTION_POST,
                               type::v1::ACTION_REPLY,      type::v1::ACTION_EDIT_OWN,
                               type::v1::ACTION_DELETE_OWN, type::v1::ACTION_DELETE_ANY,
                               type::v1::ACTION_REACT};

// An enum's value without what all of its values begin with; "" for unspecified.
std::string TextOf(type::v1::Role role) {
  return std::string(absl::StripPrefix(type::v1::Role_Name(role), "ROLE_"));
}
std::string TextOf(type::v1::GuestState state) {
  return std::string(absl::StripPrefix(type::v1::GuestState_Name(state), "GUEST_STATE_"));
}
std::string TextOf(type::v1::ChannelKind kind) {
  return std::string(absl::StripPrefix(type::v1::ChannelKind_Name(kind), "CHANNEL_KIND_"));
}
std::string TextOf(type::v1::OrganizationRole role) {
  if (role == type::v1::ORGANIZATION_ROLE_UNSPECIFIED) return "";
  return role == type::v1::ORGANIZATION_ROLE_OWNER ? " ORG_OWNER" : " ORG_ADMIN";
}

// By id of people.
const std::map<std::string, Person>& People() {
  static const auto& people = *new std::map<std::string, Person>([] {
    std::map<std::string, Person> made;
    for (Person person = 0; person < kPersons; ++person) made[World::IdOf(person).ToString()] = person;
    return made;
  }());
  return people;
}

std::string NameOfUser(const std::string& user) {
  const auto found = People().find(user);
  return found == People().end() ? user : NameOf(found->second);
}

std::string LineOf(const v1::Member& member) {
  std::string line =
      absl::StrCat(NameOfUser(member.user()), " ", TextOf(member.role()), TextOf(member.org_role()));
  if (member.via_org()) absl::StrAppend(&line, " via_org");
  if (member.guest_state() != type::v1::GUEST_STATE_UNSPECIFIED) {
    absl::StrAppend(&line, " ", TextOf(member.guest_state()));
  }
  if (!member.sponsor().empty()) absl::StrAppend(&line, " of ", NameOfUser(member.sponsor()));
  return line;
}

// A line each, in the order of people.
template <typename Members>
std::string LinesOf(const Members& members) {
  std::map<std::string, std::string> lines;
  for (const v1::Member& member : members) lines[member.user()] += LineOf(member) + "\n";
  std::string text;
  for (Person person = 0; person < kPersons; ++person) {
    text += lines[World::IdOf(person).ToString()];
    lines.erase(World::IdOf(person).ToString());
  }
  for (const auto& [user, line] : lines) text += line;
  return text;
}

}  // namespace

std::vector<std::string> World::Decisions() {
  v1::BatchCheckAccessRequest request;
  for (const guestpass::ChannelName& channel : channels_) {
    for (Person person = 0; person < kPersons; ++person) {
      for (const int action : kAllActions) {
        v1::CheckAccessRequest& check = *request.add_requests();
        check.set_name(guestpass::MemberName{channel.workspace, IdOf(person)}.ToString());
        check.set_channel(channel.ToString());
        check.set_action(static_cast<type::v1::Action>(action));
      }
    }
  }
  const auto response = here_.access_checks.BatchCheck(Installation::AsService("messaging-gateway"), request);
  if (!response.ok()) return {Told(response)};
  std::vector<std::string> decisions;
  for (const auto& decided : response->responses()) {
    decisions.push_back(decided.allowed() ? "" : decided.reason());
  }
  return decisions;
}

std::string World::Members(Person viewer, int workspace) {
  v1::ListMembersRequest request;
  request.set_parent(WorkspaceName(workspace));
  request.set_with_total_size(true);
  const auto response = here_.members.ListMembers(As(viewer), request);
  if (!response.ok()) return Told(response);
  std::string text = LinesOf(response->members());
  if (response->total_size() != response->members_size())
    absl::StrAppend(&text, "of ", response->total_size());
  for (int i = 1; i < response->members_size(); ++i) {
    if (response->members(i - 1).user() >= response->members(i).user()) text += "not in order";
  }
  return text;
}

std::string World::MembersByName(Person viewer, int workspace) {
  v1::BatchGetMembersRequest request;
  request.set_parent(WorkspaceName(workspace));
  for (Person person = 0; person < kPersons; ++person) request.add_names(MemberName(person, workspace));
  const auto response = here_.members.BatchGetMembers(As(viewer), request);
  if (!response.ok()) return Told(response);
  std::string text = LinesOf(response->members());
  if (response->members_size() + response->not_found_size() != kPersons) text += "some have no answer";
  return text;
}

std::string World::Channels(Person viewer, int workspace) {
  v1::ListChannelsRequest request;
  request.set_parent(WorkspaceName(workspace));
  request.set_with_archived(true);
  const auto response = here_.channels.ListChannels(As(viewer), request);
  if (!response.ok()) return Told(response);
  std::map<int, std::string> lines;
  for (const v1::Channel& channel : response->channels()) {
    const int number = NumberOf(channel.name());
    absl::StrAppend(&lines[number], number, " ", TextOf(channel.kind()),
                    channel.archived() ? " archived" : "", "\n");
  }
  std::string text;
  for (const auto& [number, line] : lines) text += line;
  return text;
}

std::string World::Workspaces(Person viewer) {
  v1::ListWorkspacesRequest request;
  request.set_parent(ToName(here_.organization));
  const auto response = here_.workspaces.ListWorkspaces(As(viewer), request);
  if (!response.ok()) return Told(response);
  std::map<std::string, std::string> lines;
  for (const auto& entry : response->entries()) {
    std::string& line = lines[entry.workspace().name()];
    absl::StrAppend(&line, " ", entry.role() == type::v1::ROLE_UNSPECIFIED ? "NONE" : TextOf(entry.role()));
    if (entry.guest_state() != type::v1::GUEST_STATE_UNSPECIFIED) {
      absl::StrAppend(&line, " ", TextOf(entry.guest_state()));
    }
    absl::StrAppend(&line, entry.via_org() ? " via_org" : "", "\n");
  }
  std::string text;
  for (int i = 0; i < static_cast<int>(workspaces_.size()); ++i) {
    const auto found = lines.find(WorkspaceName(i));
    if (found != lines.end()) absl::StrAppend(&text, i, found->second);
  }
  return text;
}

std::string World::Stored() {
  constexpr char kStored[] = R"sql(
    SELECT md5(concat((SELECT string_agg(t::text, ' ' ORDER BY t::text) FROM organization_members t), '|',
                      (SELECT string_agg(t::text, ' ' ORDER BY t::text) FROM workspaces t), '|',
                      (SELECT string_agg(t::text, ' ' ORDER BY t::text) FROM members t), '|',
                      (SELECT string_agg(t::text, ' ' ORDER BY t::text) FROM removed_members t), '|',
                      (SELECT string_agg(t::text, ' ' ORDER BY t::text) FROM channels t), '|',
                      (SELECT string_agg(t::text, ' ' ORDER BY t::text) FROM participants t), '|',
                      (SELECT string_agg(t::text, ' ' ORDER BY t::text) FROM rights_heads t WHERE n > 0)))
  )sql";
  const auto stored = session_->Run(kStored);
  EXPECT_TRUE(stored.ok()) << stored.status();
  return stored.ok() ? std::string(stored->Text(0, 0)) : "";
}

std::string World::FollowLog() {
  cache_.Follow();
  return cache_.Compare();
}

}  // namespace guestpass::membership::model
