// SPDX-License-Identifier: Apache-2.0
#include "gtest/gtest.h"
#include "services/membership/testing/comparison.h"

// What the property test's random search would seldom come upon: each sequence is done on the model and on
// the real thing, which must agree after every step.
namespace guestpass::membership::model {
namespace {

using rights::ChannelKind;
using rights::OrganizationRole;
using rights::Role;

constexpr Operation kBenIsMember{.kind = Kind::kCreateMember, .user = kBen, .role = Role::kMember};
constexpr Operation kCatIsGuest{
    .kind = Kind::kCreateMember, .user = kCat, .channel = 0, .role = Role::kGuest};

Operation WithoutGrace() {
  return {.kind = Kind::kUpdateWorkspace, .settings = {.grace = absl::ZeroDuration()}};
}

Operation Expire(Person caller, Person guest, Expiry expiry) {
  return {.kind = Kind::kSetExpiration, .caller = caller, .user = guest, .expiry = expiry};
}

// G8: the sponsor extends, and does not reactivate, nor move the end of who has ended.
TEST(Sequences, ASponsorMovesNothingOfAGuestThatHasEnded) {
  for (const Expiry expiry : {Expiry::kHour, Expiry::kNow, Expiry::kTick, Expiry::kUnset}) {
    EXPECT_EQ(Differences({WithoutGrace(),
                           kBenIsMember,
                           kCatIsGuest,
                           {.kind = Kind::kChangeSponsor, .user = kCat, .other = kBen},
                           Expire(kOwner, kCat, Expiry::kNow),
                           Expire(kBen, kCat, expiry)}),
              "");
  }
}

// M9: a guest gets to PRIVATE channels by grants only, also one that was an admin of the organization for a
// while.
TEST(Sequences, AGuestThatStopsBeingAnAdminOfTheOrganizationTakesPartInNoPrivateChannel) {
  const Operation admin{.kind = Kind::kAddOrganizationMember, .user = kCat};
  const Operation no_admin{.kind = Kind::kRemoveOrganizationMember, .user = kCat};
  const Operation other_guest{.kind = Kind::kCreateMember, .user = kDan, .channel = 1, .role = Role::kGuest};
  EXPECT_EQ(Differences({kCatIsGuest,
                         other_guest,
                         admin,
                         {.kind = Kind::kAddChannelMember, .user = kCat, .channel = 1},
                         no_admin,
                         {.kind = Kind::kChangeRole, .user = kCat, .role = Role::kMember}}),
            "");
}

// Who answers for nobody: a member that came by an invite has no sponsor.
TEST(Sequences, OnlyGuestsHaveSponsors) {
  const Operation invite{.kind = Kind::kInvite, .user = kCat, .role = Role::kMember};
  const Operation join{.kind = Kind::kJoin, .user = kCat};
  EXPECT_EQ(Differences({invite, join, {.kind = Kind::kChangeSponsor, .user = kCat, .other = kOwner}}), "");
}

TEST(Sequences, AnInviteFromBeforeTheRemovalOrTheEndLetsNobodyIn) {
  const Operation invite{
      .kind = Kind::kInvite, .user = kCat, .channel = 0, .role = Role::kGuest, .link = true};
  const Operation join{.kind = Kind::kJoin, .user = kCat};
  Operation by_new = join;
  by_new.invite = 1;
  EXPECT_EQ(
      Differences(
          {kCatIsGuest, invite, {.kind = Kind::kDeleteMember, .user = kCat}, join, invite, join, by_new}),
      "");
  EXPECT_EQ(Differences({WithoutGrace(), kCatIsGuest, invite, Expire(kOwner, kCat, Expiry::kTick), join,
                         invite, by_new}),
            "");
}

TEST(Sequences, ADirectConversationIsAnotherOneOnceSomebodyWasRemoved) {
  const Operation start{.kind = Kind::kStartDirect, .user = kBen, .other = kBen};
  EXPECT_EQ(Differences({kBenIsMember,
                         start,
                         start,
                         {.kind = Kind::kDeleteMember, .user = kBen},
                         kBenIsMember,
                         start,
                         start}),
            "");
}

// C3: there is one already, whoever has ended since; with somebody else there is none to start.
TEST(Sequences, AConversationWithAGuestThatHasEndedIsFoundAndNoOtherIsStarted) {
  const Operation start{.kind = Kind::kStartDirect, .user = kCat, .other = kCat};
  Operation other = start;
  other.other = kOrgAdmin;
  EXPECT_EQ(
      Differences({WithoutGrace(), kCatIsGuest, start, Expire(kOwner, kCat, Expiry::kNow), start, other}),
      "");
}

TEST(Sequences, WhatPassesTogetherIsAppliedTogether) {
  const Operation tick{.kind = Kind::kUpdateWorkspace, .settings = {.grace = kTick}};
  const Operation apply{.kind = Kind::kApplyDue};
  EXPECT_EQ(
      Differences({tick, kBenIsMember, kCatIsGuest, Expire(kOwner, kCat, Expiry::kTick), apply, apply,
                   Expire(kOwner, kCat, Expiry::kNow), apply, Expire(kOwner, kCat, Expiry::kUnset), apply}),
      "");
}

TEST(Sequences, ADeletedWorkspaceIsNobodys) {
  const Operation remove{.kind = Kind::kDeleteWorkspace};
  EXPECT_EQ(Differences({kBenIsMember,
                         kCatIsGuest,
                         {.kind = Kind::kStartDirect, .user = kCat, .other = kBen},
                         remove,
                         remove,
                         kBenIsMember,
                         {.kind = Kind::kCreateMember, .caller = kOperator, .user = kBen}}),
            "");
}

}  // namespace
}  // namespace guestpass::membership::model
