// SPDX-License-Identifier: Apache-2.0
#include "common/rights/decide.h"

#include <vector>

#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::rights {
namespace {

constexpr absl::Duration kTick = absl::Microseconds(1);
const absl::Time kExpire = absl::FromUnixSeconds(1'800'000'000);
const absl::Time kEnd = kExpire + absl::Hours(24);
constexpr Action kWrites[] = {Action::kPost, Action::kReply, Action::kEditOwn, Action::kDeleteOwn,
                              Action::kReact};

Standing GrantedGuest() {
  return {.authority = {.role = Role::kGuest, .expire_time = kExpire, .access_end_time = kEnd},
          .channel_kind = ChannelKind::kPrivate,
          .takes_part = true};
}

Standing In(Role role, ChannelKind kind, bool takes_part) {
  return {.authority = {.role = role}, .channel_kind = kind, .takes_part = takes_part};
}

TEST(Decide, AGuestWritesUntilExpireTimeAndReadsUntilAccessEnds) {
  const Standing guest = GrantedGuest();
  for (Action write : kWrites) {
    EXPECT_EQ(Decide(guest, write, kExpire - kTick), std::nullopt);
    EXPECT_EQ(Decide(guest, write, kExpire), Refusal::kGuestSoftLocked);
    EXPECT_EQ(Decide(guest, write, kEnd), Refusal::kGuestEnded);
  }
  EXPECT_EQ(Decide(guest, Action::kRead, kEnd - kTick), std::nullopt);
  EXPECT_EQ(Decide(guest, Action::kRead, kEnd), Refusal::kGuestEnded);
}

TEST(Decide, GraceZeroGoesFromActiveToEndedAtOnce) {
  Standing guest = GrantedGuest();
  guest.authority.access_end_time = kExpire;
  EXPECT_EQ(Decide(guest, Action::kPost, kExpire - kTick), std::nullopt);
  EXPECT_EQ(Decide(guest, Action::kPost, kExpire), Refusal::kGuestEnded);
}

TEST(Decide, ARecordedStateHoldsThoughAClockGoesBack) {
  Standing guest = GrantedGuest();
  guest.authority.recorded = GuestState::kSoftLocked;
  EXPECT_EQ(Decide(guest, Action::kPost, kExpire - absl::Hours(1)), Refusal::kGuestSoftLocked);
  EXPECT_EQ(Decide(guest, Action::kRead, kExpire - absl::Hours(1)), std::nullopt);
  guest.authority.recorded = GuestState::kEnded;
  EXPECT_EQ(Decide(guest, Action::kRead, kExpire - absl::Hours(1)), Refusal::kGuestEnded);
}

TEST(Decide, TheLastingReasonIsGivenBeforeThePassingOne) {
  Standing s = GrantedGuest();
  s.takes_part = false;
  s.archived = true;
  s.write_lease_end = absl::InfinitePast();
  EXPECT_EQ(Decide(s, Action::kPost, kEnd), Refusal::kGuestEnded);
  EXPECT_EQ(Decide(s, Action::kPost, kExpire), Refusal::kGuestSoftLocked);
  EXPECT_EQ(Decide(s, Action::kPost, kExpire - kTick), Refusal::kChannelOutOfScope);
  s.takes_part = true;
  EXPECT_EQ(Decide(s, Action::kPost, kExpire - kTick), Refusal::kChannelArchived);
  s.archived = false;
  EXPECT_EQ(Decide(s, Action::kDeleteAny, kExpire - kTick), Refusal::kRoleTooLow);
  EXPECT_EQ(Decide(s, Action::kPost, kExpire - kTick), Refusal::kRightsStale);
  s.authority.role.reset();
  EXPECT_EQ(Decide(s, Action::kPost, kEnd), Refusal::kNoMember);
}

TEST(Decide, LeasesEndWritingAndReadingEachAtItsOwnInstant) {
  Standing s = In(Role::kMember, ChannelKind::kPublic, false);
  s.write_lease_end = kExpire;
  s.read_lease_end = kEnd;
  EXPECT_EQ(Decide(s, Action::kPost, kExpire - kTick), std::nullopt);
  EXPECT_EQ(Decide(s, Action::kPost, kExpire), Refusal::kRightsStale);
  EXPECT_EQ(Decide(s, Action::kRead, kEnd - kTick), std::nullopt);
  EXPECT_EQ(Decide(s, Action::kRead, kEnd), Refusal::kRightsStale);
}

struct Row {
  Role role;
  ChannelKind kind;
  bool takes_part;
  bool reads;
  bool writes;
  bool deletes_any;
};

TEST(Decide, WhoReachesWhatByRoleAndKind) {
  using enum Role;
  using enum ChannelKind;
  const std::vector<Row> rows = {
      {kAdmin, kPublic, false, true, true, true},      {kAdmin, kPrivate, false, false, false, false},
      {kAdmin, kPrivate, true, true, true, true},      {kAdmin, kDirect, false, false, false, false},
      {kMember, kPublic, false, true, true, false},    {kMember, kPrivate, false, false, false, false},
      {kMember, kPrivate, true, true, true, false},    {kMember, kDirect, true, true, true, false},
      {kViewer, kPublic, false, true, false, false},   {kViewer, kPrivate, true, true, false, false},
      {kViewer, kPrivate, false, false, false, false}, {kGuest, kPublic, false, false, false, false},
      {kGuest, kPublic, true, true, true, false},      {kGuest, kPrivate, false, false, false, false},
      {kGuest, kPrivate, true, true, true, false},     {kGuest, kDirect, true, true, true, false},
  };
  for (const Row& row : rows) {
    const Standing s = In(row.role, row.kind, row.takes_part);
    SCOPED_TRACE(testing::Message() << RoleName(row.role) << " " << static_cast<int>(row.kind));
    EXPECT_EQ(!Decide(s, Action::kRead, kExpire), row.reads);
    for (Action write : kWrites) EXPECT_EQ(!Decide(s, write, kExpire), row.writes);
    EXPECT_EQ(!Decide(s, Action::kDeleteAny, kExpire), row.deletes_any);
  }
}

const auto kWorkspace = *WorkspaceId::Parse("aaaaaaaaaaaaaaaaaaaaaaaaaa");
const auto kOtherWorkspace = *WorkspaceId::Parse("bbbbbbbbbbbbbbbbbbbbbbbbbb");
const auto kChannel = *ChannelId::Parse("cccccccccccccccccccccccccc");
const auto kUser = *UserId::Parse("uuuuuuuuuuuuuuuuuuuuuuuuuu");

MemberState Guest() {
  return {.workspace = kWorkspace,
          .user = kUser,
          .role = Role::kGuest,
          .expire_time = kExpire,
          .access_end_time = kEnd,
          .grants = {kChannel}};
}

TEST(AuthorityOf, ComesFromTheOrganizationOrTheRowWhicheverIsHigher) {
  const WorkspaceState workspace{.workspace = kWorkspace};
  EXPECT_EQ(AuthorityOf(workspace, {}, Guest()).role, Role::kGuest);
  EXPECT_EQ(AuthorityOf(workspace, {}, Guest()).expire_time, kExpire);
  const OrganizationMemberState owner{.role = OrganizationRole::kOwner};
  EXPECT_EQ(AuthorityOf(workspace, owner, Guest()), (Authority{.role = Role::kAdmin}));
  EXPECT_EQ(AuthorityOf(workspace, owner, {}).role, Role::kAdmin);
  EXPECT_EQ(AuthorityOf(workspace, {}, {}).role, std::nullopt);
  EXPECT_EQ(AuthorityOf({.workspace = kWorkspace, .deleted = true}, owner, Guest()).role, std::nullopt);
}

TEST(StandingOf, AGuestTakesPartByAGrantAndInADirectConversationByBeingNamed) {
  const Authority guest{.role = Role::kGuest};
  ChannelState channel{.channel = kChannel, .workspace = kWorkspace, .kind = ChannelKind::kPrivate};
  EXPECT_TRUE(StandingOf(guest, Guest(), channel, {}).takes_part);
  MemberState ungranted = Guest();
  ungranted.grants.clear();
  const ParticipantState named{.channel = kChannel, .user = kUser, .present = true};
  EXPECT_FALSE(StandingOf(guest, ungranted, channel, named).takes_part);
  channel.kind = ChannelKind::kDirect;
  EXPECT_TRUE(StandingOf(guest, ungranted, channel, named).takes_part);
  EXPECT_FALSE(StandingOf(guest, Guest(), channel, {}).takes_part);
}

TEST(StandingOf, AChannelOfAnotherWorkspaceIsNoChannel) {
  const ChannelState elsewhere{
      .channel = kChannel, .workspace = kOtherWorkspace, .kind = ChannelKind::kPublic};
  const Standing s = StandingOf({.role = Role::kAdmin}, {.workspace = kWorkspace}, elsewhere, {});
  EXPECT_EQ(Decide(s, Action::kRead, kExpire), Refusal::kChannelOutOfScope);
}

TEST(RefusalError, SaysTheReasonWithItsMetadata) {
  const Authority guest{.role = Role::kGuest, .expire_time = kExpire, .access_end_time = kEnd};
  const auto locked =
      DetailsOf(RefusalError(Refusal::kGuestSoftLocked, guest, Action::kPost, "workspaces/w/channels/c"));
  EXPECT_EQ(locked->reason, Reason::kGuestSoftLocked);
  EXPECT_EQ(locked->metadata.at("expire_time"), Rfc3339(kExpire));
  const auto scope = [&](Action action) {
    return DetailsOf(RefusalError(Refusal::kChannelOutOfScope, guest, action, "c"))->reason;
  };
  EXPECT_EQ(scope(Action::kRead), Reason::kChannelNotFound);
  EXPECT_EQ(scope(Action::kPost), Reason::kChannelOutOfScope);
  EXPECT_EQ(DetailsOf(RefusalError(Refusal::kNoMember, {}, Action::kPost, ""))->metadata.at("role"), "NONE");
}

}  // namespace
}  // namespace guestpass::rights
