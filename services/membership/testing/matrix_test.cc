// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/rights/names.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/proto_time.h"
#include "gtest/gtest.h"
#include "services/membership/testing/cast.h"

// Who may do what (P1, P11, C2, C6, G3, G4): role × action × state as one table, which the decision library
// and CheckAccess are both held to.
namespace guestpass::membership {
namespace {

using rights::Action;
using rights::ChannelKind;
using rights::Role;

// Columns: public, private and direct channels, and archived ones ("a-"). With "+" whoever the row is about
// is in the channel: takes part in it, or as a guest was granted it (a direct one: takes part). With "-" not;
// who is no guest needs no part in a public channel.
//
// "write" is to post, reply, react, and to edit and delete what is one's own; "moderate" is to delete
// anybody's.
//
//   yes        allowed                                          role      ROLE_TOO_LOW, with the role
//   absent     CHANNEL_NOT_FOUND: as one that there is not      nobody    ROLE_TOO_LOW, with role = NONE
//   scope      CHANNEL_OUT_OF_SCOPE                             locked    GUEST_SOFT_LOCKED
//   archived   CHANNEL_ARCHIVED                                 ended     GUEST_ENDED
//
// Who is an admin through the organization only is as a direct ADMIN; a workspace that is deleted has nobody.
constexpr char kMatrix[] = R"(
who       action   public+  public-  private+ private- direct+  direct-  a-public+ a-public- a-private+ a-private-

admin     read     yes      yes      yes      absent   yes      absent   yes       yes       yes        absent
admin     write    yes      yes      yes      scope    yes      scope    archived  archived  archived   scope
admin     moderate yes      yes      yes      scope    yes      scope    archived  archived  archived   scope

org-owner read     yes      yes      yes      absent   yes      absent   yes       yes       yes        absent
org-owner write    yes      yes      yes      scope    yes      scope    archived  archived  archived   scope
org-owner moderate yes      yes      yes      scope    yes      scope    archived  archived  archived   scope

org-admin read     yes      yes      yes      absent   yes      absent   yes       yes       yes        absent
org-admin write    yes      yes      yes      scope    yes      scope    archived  archived  archived   scope
org-admin moderate yes      yes      yes      scope    yes      scope    archived  archived  archived   scope

member    read     yes      yes      yes      absent   yes      absent   yes       yes       yes        absent
member    write    yes      yes      yes      scope    yes      scope    archived  archived  archived   scope
member    moderate role     role     role     scope    role     scope    archived  archived  archived   scope

viewer    read     yes      yes      yes      absent   yes      absent   yes       yes       yes        absent
viewer    write    role     role     role     scope    role     scope    archived  archived  archived   scope
viewer    moderate role     role     role     scope    role     scope    archived  archived  archived   scope

active    read     yes      absent   yes      absent   yes      absent   yes       absent    yes        absent
active    write    yes      scope    yes      scope    yes      scope    archived  scope     archived   scope
active    moderate role     scope    role     scope    role     scope    archived  scope     archived   scope

locked    read     yes      absent   yes      absent   yes      absent   yes       absent    yes        absent
locked    write    locked   locked   locked   locked   locked   locked   locked    locked    locked     locked
locked    moderate locked   locked   locked   locked   locked   locked   locked    locked    locked     locked

ended     read     ended    ended    ended    ended    ended    ended    ended     ended     ended      ended
ended     write    ended    ended    ended    ended    ended    ended    ended     ended     ended      ended
ended     moderate ended    ended    ended    ended    ended    ended    ended     ended     ended      ended

stranger  read     nobody   nobody   nobody   nobody   nobody   nobody   nobody    nobody    nobody     nobody
stranger  write    nobody   nobody   nobody   nobody   nobody   nobody   nobody    nobody    nobody     nobody
stranger  moderate nobody   nobody   nobody   nobody   nobody   nobody   nobody    nobody    nobody     nobody

deleted   read     nobody   nobody   nobody   nobody   nobody   nobody   nobody    nobody    nobody     nobody
deleted   write    nobody   nobody   nobody   nobody   nobody   nobody   nobody    nobody    nobody     nobody
deleted   moderate nobody   nobody   nobody   nobody   nobody   nobody   nobody    nobody    nobody     nobody
)";

// A new action does not compile until it has its word in the table.
const char* WordOf(Action action) {
  switch (action) {
    case Action::kRead:
      return "read";
    case Action::kPost:
    case Action::kReply:
    case Action::kEditOwn:
    case Action::kDeleteOwn:
    case Action::kReact:
      return "write";
    case Action::kDeleteAny:
      return "moderate";
  }
  return "";
}

constexpr Action kActions[] = {Action::kRead,      Action::kPost,      Action::kReply, Action::kEditOwn,
                               Action::kDeleteOwn, Action::kDeleteAny, Action::kReact};

struct Cell {
  std::string who, channel, expected;
  Action action = Action::kRead;
  std::string Text() const { return absl::StrCat(who, ": ", WordOf(action), " in ", channel); }
};

// The table's cells, for each action that a word stands for.
std::vector<Cell> Cells() {
  std::vector<Cell> cells;
  std::vector<std::string> columns;
  for (const auto& line : absl::StrSplit(kMatrix, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (columns.empty()) {
      columns = words;
      continue;
    }
    EXPECT_EQ(words.size(), columns.size()) << line;
    for (const Action action : kActions) {
      if (WordOf(action) != words[1]) continue;
      for (size_t i = 2; i < words.size(); ++i) cells.push_back({words[0], columns[i], words[i], action});
    }
  }
  return cells;
}

// An answer in the table's words.
std::string WordFor(const std::string& reason, const std::string& role) {
  static const auto& words = *new std::map<std::string, std::string>{{"", "yes"},
                                                                     {"CHANNEL_NOT_FOUND", "absent"},
                                                                     {"CHANNEL_OUT_OF_SCOPE", "scope"},
                                                                     {"CHANNEL_ARCHIVED", "archived"},
                                                                     {"GUEST_SOFT_LOCKED", "locked"},
                                                                     {"GUEST_ENDED", "ended"}};
  if (reason == "ROLE_TOO_LOW") return role == "NONE" ? "nobody" : "role";
  const auto found = words.find(reason);
  return found == words.end() ? reason : found->second;
}

constexpr absl::Duration kHour = absl::Hours(1);
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
const WorkspaceId kWorkspace = *WorkspaceId::Parse(std::string(26, 'w'));
const ChannelId kChannel = *ChannelId::Parse(std::string(26, 'c'));

bool IsIn(const Cell& cell) { return absl::EndsWith(cell.channel, "+"); }
bool IsArchived(const Cell& cell) { return absl::StartsWith(cell.channel, "a-"); }
ChannelKind KindOf(const Cell& cell) {
  if (absl::StrContains(cell.channel, "public")) return ChannelKind::kPublic;
  return absl::StrContains(cell.channel, "private") ? ChannelKind::kPrivate : ChannelKind::kDirect;
}

// Who the row is about, as the rights log has it.
rights::MemberState MemberIn(const Cell& cell) {
  static const auto& roles = *new std::map<std::string, Role>{
      {"admin", Role::kAdmin},   {"deleted", Role::kAdmin}, {"member", Role::kMember},
      {"viewer", Role::kViewer}, {"active", Role::kGuest},  {"locked", Role::kGuest},
      {"ended", Role::kGuest}};
  rights::MemberState member{.workspace = kWorkspace};
  if (const auto role = roles.find(cell.who); role != roles.end()) member.role = role->second;
  if (member.role != Role::kGuest) return member;
  member.expire_time = cell.who == "active" ? kNow + kHour : kNow;
  member.access_end_time = cell.who == "ended" ? kNow : member.expire_time + kHour;
  if (IsIn(cell) && KindOf(cell) != ChannelKind::kDirect) member.grants = {kChannel};
  return member;
}

rights::OrganizationMemberState OrganizationMemberIn(const Cell& cell) {
  if (cell.who == "org-owner") return {.role = rights::OrganizationRole::kOwner};
  if (cell.who == "org-admin") return {.role = rights::OrganizationRole::kAdmin};
  return {};
}

rights::Standing StandingIn(const Cell& cell) {
  const rights::MemberState member = MemberIn(cell);
  const auto authority = rights::AuthorityOf({.workspace = kWorkspace, .deleted = cell.who == "deleted"},
                                             OrganizationMemberIn(cell), member);
  const bool by_grant = member.role == Role::kGuest && KindOf(cell) != ChannelKind::kDirect;
  return rights::StandingOf(
      authority, member,
      {.channel = kChannel, .workspace = kWorkspace, .kind = KindOf(cell), .archived = IsArchived(cell)},
      {.channel = kChannel, .present = IsIn(cell) && !by_grant && KindOf(cell) != ChannelKind::kPublic});
}

TEST(Matrix, IsWhatTheDecisionLibraryDecides) {
  for (const Cell& cell : Cells()) {
    const rights::Standing standing = StandingIn(cell);
    const auto refusal = rights::Decide(standing, cell.action, kNow);
    std::string reason;
    if (refusal.has_value()) {
      const auto details =
          DetailsOf(rights::RefusalError(*refusal, standing.authority, cell.action, "channel"));
      reason = std::string(ReasonName(details->reason));
    }
    EXPECT_EQ(WordFor(reason, rights::RoleName(standing.authority.role)), cell.expected) << cell.Text();
  }
}

// The table's people in the table's channels.
class RealMatrix : public Cast {
 protected:
  RealMatrix() {
    AddPeople();
    AddChannels();
    AddDeleted();
    for (const char* channel : {"a-public+", "a-public-", "a-private+", "a-private-"}) {
      EXPECT_TRUE(Archive(channels_[channel].channel).ok());
    }
    EXPECT_TRUE(here_.SetTtl(people_.at("locked"), absl::ZeroDuration()).ok());
    v1::UpdateWorkspaceRequest without_grace;
    without_grace.mutable_workspace()->set_name(ToName(here_.workspace));
    *without_grace.mutable_workspace()->mutable_guest_grace() = rpc::ToProto(absl::ZeroDuration());
    EXPECT_TRUE(here_.workspaces.UpdateWorkspace(As("owner"), without_grace).ok());
    EXPECT_TRUE(here_.SetTtl(people_.at("ended"), absl::ZeroDuration()).ok());
  }

  guestpass::ChannelName ChannelOf(const Cell& cell) {
    if (cell.who == "deleted") return deleted_.at(KindOf(cell));
    if (cell.channel == "direct+" && direct_.contains(cell.who)) return direct_.at(cell.who);
    return channels_.at(cell.channel);
  }

  // By the table's words.
  const std::map<std::string, std::string> people_{
      {"admin", "admin"},   {"org-owner", "boss"},   {"org-admin", "orgadmin"}, {"member", "member"},
      {"viewer", "viewer"}, {"active", "guest"},     {"locked", "will-lock"},   {"ended", "will-end"},
      {"deleted", "owner"}, {"stranger", "stranger"}};

 private:
  guestpass::ChannelName Named(const ChannelId& channel) { return {here_.workspace, channel}; }

  void AddPeople() {
    for (const char* guest : {"will-lock", "will-end"}) here_.AddMember(guest, type::v1::ROLE_GUEST);
    here_.AddMember("bystander", type::v1::ROLE_MEMBER);
    v1::AddOrganizationMemberRequest boss;
    boss.set_organization(ToName(here_.organization));
    boss.set_user(IdOf("boss").ToString());
    boss.set_role(type::v1::ORGANIZATION_ROLE_OWNER);
    EXPECT_TRUE(here_.organization_members.AddOrganizationMember(As("owner"), boss).ok());
  }

  void AddChannels() {
    channels_ = {{"direct+", Named(StartDirect("owner", {"bystander"}))}};
    channels_["direct-"] = channels_["direct+"];
    for (const char* channel : {"public+", "public-", "private+", "private-"}) {
      const auto kind = absl::StartsWith(channel, "public") ? type::v1::CHANNEL_KIND_PUBLIC
                                                            : type::v1::CHANNEL_KIND_PRIVATE;
      for (const std::string& name : {std::string(channel), absl::StrCat("a-", channel)}) {
        channels_[name] = Named(AddChannel(kind));
      }
    }
    for (const char* who : {"active", "locked", "ended"}) {
      for (const char* channel : {"public+", "private+", "a-public+", "a-private+"}) Grant(who, channel);
    }
    for (const char* who : {"admin", "org-owner", "org-admin", "member", "viewer"}) {
      for (const char* channel : {"private+", "a-private+"}) {
        EXPECT_TRUE(AddPart(channels_[channel].channel, people_.at(who)).ok());
      }
    }
    for (const auto& [who, name] : people_) {
      if (who != "deleted" && who != "stranger") direct_[who] = Named(StartDirect("owner", {name}));
    }
  }

  void Grant(const std::string& who, const std::string& channel) {
    v1::AddGuestGrantRequest grant;
    grant.set_name(here_.MemberName(people_.at(who)));
    grant.set_channel(channels_[channel].ToString());
    EXPECT_TRUE(here_.guest_grants.AddGuestGrant(As("owner"), grant).ok());
  }

  // A workspace of the owner's with a channel of each kind, which is deleted then.
  void AddDeleted() {
    v1::CreateWorkspaceRequest request;
    request.set_parent(ToName(here_.organization));
    request.mutable_workspace()->set_display_name("Deleted");
    const WorkspaceId kept = here_.workspace;
    here_.workspace =
        *ParseWorkspaceName("name", here_.workspaces.CreateWorkspace(As("owner"), request)->name());
    deleted_ = {{ChannelKind::kPublic, Named(AddChannel(type::v1::CHANNEL_KIND_PUBLIC))},
                {ChannelKind::kPrivate, Named(AddChannel(type::v1::CHANNEL_KIND_PRIVATE))},
                {ChannelKind::kDirect, Named(StartDirect("owner", {"orgadmin"}))}};
    v1::DeleteWorkspaceRequest remove;
    remove.set_name(ToName(here_.workspace));
    EXPECT_TRUE(here_.workspaces.DeleteWorkspace(As("owner"), remove).ok());
    here_.workspace = kept;
  }

  std::map<std::string, guestpass::ChannelName> channels_;  // by column
  std::map<std::string, guestpass::ChannelName> direct_;    // a conversation with each
  std::map<ChannelKind, guestpass::ChannelName> deleted_;
};

TEST_F(RealMatrix, IsWhatCheckAccessAnswers) {
  const std::vector<Cell> cells = Cells();
  v1::BatchCheckAccessRequest request;
  for (const Cell& cell : cells) {
    const guestpass::ChannelName channel = ChannelOf(cell);
    v1::CheckAccessRequest& check = *request.add_requests();
    check.set_name(MemberName{channel.workspace, IdOf(people_.at(cell.who))}.ToString());
    check.set_channel(channel.ToString());
    check.set_action(rights_feed::ToProto(std::optional(cell.action)));
  }
  const auto answer = here_.access_checks.BatchCheck(Installation::AsService("messaging-gateway"), request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  for (size_t i = 0; i < cells.size(); ++i) {
    const auto& decided = answer->responses(static_cast<int>(i));
    const auto role = decided.metadata().find("role");
    EXPECT_EQ(WordFor(decided.reason(), role == decided.metadata().end() ? "" : role->second),
              cells[i].expected)
        << cells[i].Text();
    EXPECT_EQ(decided.allowed(), cells[i].expected == "yes") << cells[i].Text();
  }
}

TEST(Matrix, HasEveryActionOfEverybodyInEachSortOfChannel) { EXPECT_EQ(Cells().size(), 10u * 10u * 7u); }

}  // namespace
}  // namespace guestpass::membership
