// SPDX-License-Identifier: Apache-2.0
#include "services/membership/domain/join.h"

#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::membership {
namespace {

using rights::GuestState;
using rights::Role;
using Kind = JoinDecision::Kind;

constexpr absl::Duration kTick = absl::Microseconds(1);
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

template <typename IdType>
IdType IdNamed(char c) {
  return *IdType::Parse(std::string(26, c));
}

const WorkspaceId kWorkspace = IdNamed<WorkspaceId>('w');
const UserId kUser = IdNamed<UserId>('u');
const ChannelId kChannel = IdNamed<ChannelId>('c');

Join GuestInvite() {
  return {.workspace = kWorkspace,
          .user = kUser,
          .address = "u@example.com",
          .invite = IdNamed<InviteId>('i'),
          .inviter = IdNamed<UserId>('a'),
          .check_time = kNow - absl::Hours(1),
          .role = Role::kGuest,
          .channels = {kChannel},
          .expiry = absl::Hours(2)};
}

JoinFacts Facts() {
  return {
      .now = kNow,
      .workspace = Workspace{.state = {.workspace = kWorkspace}, .settings = {.guest_grace = absl::Hours(3)}},
      .inviter = {.role = Role::kAdmin},
      .channels = {{kChannel, Channel{.state = {.channel = kChannel,
                                                .workspace = kWorkspace,
                                                .kind = rights::ChannelKind::kPrivate}}}}};
}

Member EndedGuest(absl::Time access_end_time) {
  return {.state = {.workspace = kWorkspace,
                    .user = kUser,
                    .role = Role::kGuest,
                    .expire_time = access_end_time - absl::Hours(1),
                    .access_end_time = access_end_time,
                    .grants = {IdNamed<ChannelId>('d')}},
          .create_time = kNow - absl::Hours(100)};
}

void ExpectRefused(const Join& join, const JoinFacts& facts, Reason reason) {
  EXPECT_TRUE(HasReason(DecideJoin(join, facts).status(), reason)) << DecideJoin(join, facts).status();
}

TEST(DecideJoin, ANewGuestGetsTheInvitesGrantsAndTimesFromNow) {
  const auto decision = DecideJoin(GuestInvite(), Facts());
  ASSERT_TRUE(decision.ok()) << decision.status();
  EXPECT_EQ(decision->kind, Kind::kNew);
  EXPECT_EQ(decision->member.state.role, Role::kGuest);
  EXPECT_EQ(decision->member.state.grants, std::vector<ChannelId>{kChannel});
  EXPECT_EQ(decision->member.state.expire_time, kNow + absl::Hours(2));
  EXPECT_EQ(decision->member.state.access_end_time, kNow + absl::Hours(5));
  EXPECT_EQ(decision->member.sponsor, GuestInvite().inviter);
  EXPECT_EQ(decision->member.address, "u@example.com");
}

TEST(DecideJoin, AGivenTimeMustLieAhead) {
  Join join = GuestInvite();
  join.expiry = kNow + kTick;
  EXPECT_TRUE(DecideJoin(join, Facts()).ok());
  join.expiry = kNow;
  ExpectRefused(join, Facts(), Reason::kInviteNoLongerValid);
}

TEST(DecideJoin, EveryConditionIsJudgedAnew) {
  JoinFacts gone = Facts();
  gone.workspace.reset();
  ExpectRefused(GuestInvite(), gone, Reason::kInviteNoLongerValid);
  JoinFacts deleted = Facts();
  deleted.workspace->state.deleted = true;
  ExpectRefused(GuestInvite(), deleted, Reason::kInviteNoLongerValid);
  JoinFacts demoted = Facts();
  demoted.inviter.role = Role::kMember;
  ExpectRefused(GuestInvite(), demoted, Reason::kInviteNoLongerValid);
  JoinFacts without_channel = Facts();
  without_channel.channels.clear();
  ExpectRefused(GuestInvite(), without_channel, Reason::kInviteNoLongerValid);
  JoinFacts archived = Facts();
  archived.channels[kChannel].state.archived = true;
  ExpectRefused(GuestInvite(), archived, Reason::kInviteNoLongerValid);
  JoinFacts direct = Facts();
  direct.channels[kChannel].state.kind = rights::ChannelKind::kDirect;
  ExpectRefused(GuestInvite(), direct, Reason::kInviteNoLongerValid);
}

TEST(DecideJoin, ADirectMemberStaysAsItIsEvenIfTheInviteNoLongerHolds) {
  JoinFacts facts = Facts();
  facts.inviter.role.reset();
  facts.member = Member{.state = {.workspace = kWorkspace, .user = kUser, .role = Role::kViewer}};
  const auto decision = DecideJoin(GuestInvite(), facts);
  ASSERT_TRUE(decision.ok());
  EXPECT_EQ(decision->kind, Kind::kAlreadyMember);
  EXPECT_EQ(decision->member.state.role, Role::kViewer);
}

TEST(DecideJoin, ASoftLockedGuestIsAMember) {
  JoinFacts facts = Facts();
  facts.member = EndedGuest(kNow + kTick);
  EXPECT_EQ(DecideJoin(GuestInvite(), facts)->kind, Kind::kAlreadyMember);
}

TEST(DecideJoin, OnlyAnInviteMadeAfterTheEndReactivates) {
  JoinFacts facts = Facts();
  facts.member = EndedGuest(kNow - absl::Minutes(30));
  Join join = GuestInvite();
  join.check_time = facts.member->state.access_end_time - kTick;
  ExpectRefused(join, facts, Reason::kGuestEnded);
  join.check_time = facts.member->state.access_end_time;
  const auto decision = DecideJoin(join, facts);
  ASSERT_TRUE(decision.ok()) << decision.status();
  EXPECT_EQ(decision->kind, Kind::kReactivated);
  EXPECT_EQ(decision->member.state.grants, std::vector<ChannelId>{kChannel});
  EXPECT_EQ(decision->member.state.recorded, GuestState::kActive);
  EXPECT_EQ(decision->member.create_time, facts.member->create_time);
}

TEST(DecideJoin, WhoHasAuthorityThroughTheOrganizationIsToldNothingOfAGuestsRecord) {
  JoinFacts facts = Facts();
  facts.organization_role = rights::OrganizationRole::kOwner;
  Join as_member = GuestInvite();
  as_member.role = Role::kMember;
  for (const Join& join : {GuestInvite(), as_member}) {
    facts.member = EndedGuest(kNow + kTick);
    const auto decision = DecideJoin(join, facts);
    ASSERT_TRUE(decision.ok()) << decision.status();
    EXPECT_EQ(decision->kind, Kind::kAlreadyMember);
    EXPECT_EQ(decision->member.state, (rights::MemberState{.workspace = kWorkspace, .user = kUser}));
    facts.member->state.role = Role::kViewer;
    EXPECT_EQ(DecideJoin(join, facts)->member.state.role, Role::kViewer);
  }
}

TEST(DecideJoin, AnInviteThatNoLongerHoldsIsNamedInFull) {
  JoinFacts facts = Facts();
  facts.channels.clear();
  EXPECT_EQ(
      DetailsOf(DecideJoin(GuestInvite(), facts).status())->metadata,
      (Metadata{{"invite", "workspaces/" + std::string(26, 'w') + "/invites/" + std::string(26, 'i')}}));
}

TEST(DecideJoin, WhoHasAuthorityThroughTheOrganizationBecomesNoGuest) {
  JoinFacts facts = Facts();
  facts.organization_role = rights::OrganizationRole::kAdmin;
  const auto decision = DecideJoin(GuestInvite(), facts);
  EXPECT_EQ(decision->kind, Kind::kAlreadyMember);
  EXPECT_EQ(decision->member.state.role, std::nullopt);
  Join as_member = GuestInvite();
  as_member.role = Role::kMember;
  as_member.channels.clear();
  as_member.expiry = Never{};
  EXPECT_EQ(DecideJoin(as_member, facts)->kind, Kind::kNew);
}

TEST(CheckJoin, GuestsHaveOneToAHundredChannelsAndOthersNone) {
  Join join = GuestInvite();
  EXPECT_TRUE(CheckJoin(join).ok());
  join.channels.assign(100, kChannel);
  EXPECT_TRUE(CheckJoin(join).ok());
  join.channels.assign(101, kChannel);
  EXPECT_TRUE(HasReason(CheckJoin(join), Reason::kFieldInvalid));
  join.channels.clear();
  EXPECT_TRUE(HasReason(CheckJoin(join), Reason::kFieldInvalid));
  join.role = Role::kMember;
  EXPECT_TRUE(HasReason(CheckJoin(join), Reason::kFieldInvalid)) << "a lifetime";
  join.expiry = Never{};
  EXPECT_TRUE(CheckJoin(join).ok());
  join.channels = {kChannel};
  EXPECT_TRUE(HasReason(CheckJoin(join), Reason::kFieldInvalid));
}

TEST(CheckJoin, ALifetimeIsPositive) {
  Join join = GuestInvite();
  join.expiry = kTick;
  EXPECT_TRUE(CheckJoin(join).ok());
  join.expiry = absl::ZeroDuration();
  EXPECT_TRUE(HasReason(CheckJoin(join), Reason::kFieldInvalid));
}

}  // namespace
}  // namespace guestpass::membership
