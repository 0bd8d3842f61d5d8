// SPDX-License-Identifier: Apache-2.0
#include "services/membership/testing/log_cache.h"

#include <set>
#include <variant>

#include "absl/strings/str_cat.h"
#include "common/rights_feed/wire.h"
#include "gtest/gtest.h"

namespace guestpass::membership {
namespace {

std::string NameOf(const rights::Object& object) {
  return absl::StrCat(rights::KindOf(object), " ", rights::KeyOf(object));
}

std::string TextOf(const rights::Object& object) {
  return rights_feed::ToProto(rights::Entry{.object = object}).ShortDebugString();
}

bool IsAbsent(const rights::OrganizationMemberState& member) { return !member.role.has_value(); }
bool IsAbsent(const rights::WorkspaceState&) { return false; }
bool IsAbsent(const rights::ChannelState& channel) { return !channel.kind.has_value(); }
bool IsAbsent(const rights::MemberState& member) { return !member.role.has_value(); }
bool IsAbsent(const rights::ParticipantState& participant) { return !participant.present; }

}  // namespace

LogCache::LogCache(Installation& here, std::vector<UserId> users)
    : here_(here),
      users_(std::move(users)),
      workspaces_({here.workspace}),
      channels_({here.public_channel, here.private_channel}) {
  const RightsRead read = ReadFresh();
  for (const MemberRights& member : read.members) {
    n_ = member.n;
    shard_ = member.shard;
    for (const rights::Object& object : ObjectsOf(member)) objects_[NameOf(object)] = object;
  }
  commits_ = here_.recorder.commits().size();
}

std::vector<rights::Object> LogCache::Follow() {
  std::vector<rights::Object> taken;
  const std::vector<CommittedEntries> commits = here_.recorder.commits();
  for (; commits_ < commits.size(); ++commits_) {
    for (const rights::Entry& entry : commits[commits_].entries) {
      taken.push_back(entry.object);
      if (commits[commits_].shard != shard_) continue;
      if (entry.n != n_ + 1) absl::StrAppend(&wrong_, "entry ", entry.n, " follows entry ", n_, "\n");
      n_ = entry.n;
      objects_[NameOf(entry.object)] = entry.object;
    }
  }
  return taken;
}

std::string LogCache::Compare() {
  const RightsRead read = ReadFresh();
  std::set<WorkspaceId> deleted;
  for (const MemberRights& member : read.members) {
    if (member.workspace.deleted) deleted.insert(member.workspace.workspace);
  }
  std::string differences = wrong_;
  for (const MemberRights& member : read.members) {
    if (!member.found) absl::StrAppend(&differences, "a workspace is not found\n");
    if (member.n != n_)
      absl::StrAppend(&differences, "the head is ", member.n, ", the log ends at ", n_, "\n");
    Compare(member.workspace, differences);
    Compare(member.organization_member, differences);
    if (!deleted.contains(member.workspace.workspace)) Compare(member.member, differences);
    for (const ChannelRights& channel : member.channels) {
      Compare(channel.channel, differences);
      if (!deleted.contains(channel.channel.workspace)) Compare(channel.participant, differences);
    }
  }
  return differences;
}

void LogCache::Compare(const rights::Object& fresh, std::string& differences) const {
  const auto cached = objects_.find(NameOf(fresh));
  const bool absent = std::visit([](const auto& object) { return IsAbsent(object); }, fresh);
  if (cached == objects_.end() ? absent : cached->second == fresh) return;
  absl::StrAppend(&differences, "the database has ", TextOf(fresh), ", the log told ",
                  cached == objects_.end() ? "nothing" : TextOf(cached->second), "\n");
}

std::vector<rights::Object> LogCache::ObjectsOf(const MemberRights& member) {
  std::vector<rights::Object> objects{member.workspace, member.organization_member, member.member};
  for (const ChannelRights& channel : member.channels) {
    objects.push_back(channel.channel);
    objects.push_back(channel.participant);
  }
  return objects;
}

RightsRead LogCache::ReadFresh() const {
  std::vector<RightsQuery> queries;
  for (const WorkspaceId& workspace : workspaces_) {
    for (const UserId& user : users_) queries.push_back({workspace, user, channels_});
  }
  auto read = here_.store.ReadRights(queries);
  EXPECT_TRUE(read.ok()) << read.status();
  return *std::move(read);
}

}  // namespace guestpass::membership
