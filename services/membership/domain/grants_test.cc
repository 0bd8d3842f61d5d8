// SPDX-License-Identifier: Apache-2.0
#include "services/membership/domain/grants.h"

#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/domain/model.h"

namespace guestpass::membership {
namespace {

// In the order of their letters.
ChannelId Channel(char letter, char second = 'a') {
  return *ChannelId::Parse(absl::StrCat(std::string(1, letter), std::string(25, second)));
}

rights::MemberState Guest(std::vector<ChannelId> grants) {
  return {.workspace = *WorkspaceId::Parse(std::string(26, 'w')),
          .user = *UserId::Parse(std::string(26, 'u')),
          .role = rights::Role::kGuest,
          .recorded = rights::GuestState::kEnded,
          .grants = std::move(grants)};
}

rights::MemberState FullGuest() {
  std::vector<ChannelId> grants;
  for (char first : {'b', 'c', 'd', 'e'}) {
    for (char second = 'a'; second < 'z'; ++second) grants.push_back(Channel(first, second));
  }
  return Guest(std::move(grants));
}

TEST(WithGrant, GrantsStaySortedAndEachOnceAndNothingElseChanges) {
  EXPECT_EQ(*WithGrant(Guest({Channel('b'), Channel('d')}), Channel('c')),
            Guest({Channel('b'), Channel('c'), Channel('d')}));
  EXPECT_EQ(*WithGrant(Guest({Channel('b')}), Channel('a')), Guest({Channel('a'), Channel('b')}));
  EXPECT_EQ(*WithGrant(Guest({Channel('b')}), Channel('c')), Guest({Channel('b'), Channel('c')}));
  EXPECT_EQ(*WithGrant(Guest({Channel('b')}), Channel('b')), Guest({Channel('b')}));
}

TEST(WithGrant, AHundredIsTheMost) {
  rights::MemberState guest = FullGuest();
  ASSERT_EQ(guest.grants.size(), kMaxGrants);
  const absl::Status refused = WithGrant(guest, Channel('a')).status();
  ASSERT_TRUE(HasReason(refused, Reason::kFieldInvalid)) << refused;
  EXPECT_EQ(DetailsOf(refused)->violations[0].field, "channel");
  EXPECT_EQ(*WithGrant(guest, guest.grants[0]), guest);
  guest.grants.pop_back();
  EXPECT_EQ(WithGrant(guest, Channel('a'))->grants.size(), kMaxGrants);
}

TEST(WithoutGrant, TheChannelGoesAndNothingElseChanges) {
  EXPECT_EQ(*WithoutGrant(Guest({Channel('a'), Channel('b')}), Channel('b')), Guest({Channel('a')}));
  EXPECT_EQ(*WithoutGrant(Guest({Channel('a'), Channel('b')}), Channel('a')), Guest({Channel('b')}));
}

TEST(WithoutGrant, WhatIsNotGrantedIsNotFoundAlsoBesideTheLast) {
  const rights::MemberState guest = Guest({Channel('a')});
  const absl::Status unknown = WithoutGrant(guest, Channel('b')).status();
  EXPECT_TRUE(HasReason(unknown, Reason::kChannelNotFound)) << unknown;
  EXPECT_EQ(DetailsOf(unknown)->metadata,
            (Metadata{{"channel", ChannelName{guest.workspace, Channel('b')}.ToString()}}));
}

TEST(WithoutGrant, TheLastStays) {
  const rights::MemberState guest = Guest({Channel('a')});
  const absl::Status last = WithoutGrant(guest, Channel('a')).status();
  EXPECT_TRUE(HasReason(last, Reason::kLastGrant)) << last;
  EXPECT_EQ(DetailsOf(last)->metadata,
            (Metadata{{"member", MemberName{guest.workspace, guest.user}.ToString()}}));
}

}  // namespace
}  // namespace guestpass::membership
