// SPDX-License-Identifier: Apache-2.0
#include "services/membership/domain/guest_times.h"

#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/domain/model.h"

namespace guestpass::membership {
namespace {

using rights::GuestState;

constexpr absl::Duration kTick = absl::Microseconds(1);
constexpr absl::Duration kGrace = absl::Hours(24);
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

rights::MemberState GuestUntil(absl::Time expire_time, GuestState recorded = GuestState::kActive) {
  return {.role = rights::Role::kGuest,
          .expire_time = expire_time,
          .access_end_time = expire_time + kGrace,
          .recorded = recorded};
}

TEST(DueTransitions, NothingIsDueBeforeItsDeadlineToTheMicrosecond) {
  const rights::MemberState guest = GuestUntil(kNow);
  EXPECT_TRUE(DueTransitions(guest, kNow - kTick).empty());
  EXPECT_EQ(DueTransitions(guest, kNow), (std::vector<Transition>{{GuestState::kSoftLocked, kNow}}));
  EXPECT_EQ(DueTransitions(guest, kNow + kGrace - kTick),
            (std::vector<Transition>{{GuestState::kSoftLocked, kNow}}));
}

TEST(DueTransitions, BothDeadlinesPassedAreTwoTransitionsEachWithItsOwnTime) {
  EXPECT_EQ(DueTransitions(GuestUntil(kNow), kNow + kGrace),
            (std::vector<Transition>{{GuestState::kSoftLocked, kNow}, {GuestState::kEnded, kNow + kGrace}}));
}

TEST(DueTransitions, WhatIsRecordedIsNotDueAgain) {
  const rights::MemberState locked = GuestUntil(kNow, GuestState::kSoftLocked);
  EXPECT_TRUE(DueTransitions(locked, kNow + kGrace - kTick).empty());
  EXPECT_EQ(DueTransitions(locked, kNow + kGrace),
            (std::vector<Transition>{{GuestState::kEnded, kNow + kGrace}}));
  EXPECT_TRUE(DueTransitions(GuestUntil(kNow, GuestState::kEnded), kNow + kGrace).empty());
}

TEST(DueTransitions, WithoutGraceAGuestEndsAtOnce) {
  rights::MemberState guest = GuestUntil(kNow);
  guest.access_end_time = kNow;
  EXPECT_TRUE(DueTransitions(guest, kNow - kTick).empty());
  EXPECT_EQ(DueTransitions(guest, kNow), (std::vector<Transition>{{GuestState::kEnded, kNow}}));
}

TEST(DueTransitions, AGuestWithoutATimeHasNone) {
  EXPECT_TRUE(DueTransitions(GuestUntil(absl::InfiniteFuture()), kNow + absl::Hours(1'000'000)).empty());
}

TEST(ChangeExpiration, ATimeBeforeNowIsRefusedAndNowItselfIsNot) {
  const rights::MemberState guest = GuestUntil(kNow + absl::Hours(1));
  EXPECT_TRUE(HasReason(ChangeExpiration(guest, kNow - kTick, kGrace, kNow).status(), Reason::kFieldInvalid));
  EXPECT_EQ(ChangeExpiration(guest, kNow, kGrace, kNow)->guest.recorded, GuestState::kSoftLocked);
  EXPECT_EQ(ChangeExpiration(guest, kNow + kTick, kGrace, kNow)->guest.recorded, GuestState::kActive);
}

TEST(ChangeExpiration, ADurationCountsFromNowAndMayBeZeroButNotLess) {
  const rights::MemberState guest = GuestUntil(kNow + absl::Hours(1));
  EXPECT_EQ(ChangeExpiration(guest, absl::Minutes(5), kGrace, kNow)->guest.expire_time,
            kNow + absl::Minutes(5));
  EXPECT_EQ(ChangeExpiration(guest, absl::ZeroDuration(), kGrace, kNow)->guest.recorded,
            GuestState::kSoftLocked);
  EXPECT_TRUE(HasReason(ChangeExpiration(guest, -kTick, kGrace, kNow).status(), Reason::kFieldInvalid));
}

TEST(ChangeExpiration, AccessEndsThePresentGraceLater) {
  const auto change = ChangeExpiration(GuestUntil(kNow), kNow + absl::Hours(2), absl::Minutes(7), kNow);
  EXPECT_EQ(change->guest.access_end_time, kNow + absl::Hours(2) + absl::Minutes(7));
}

TEST(ChangeExpiration, ExtendingUnlocksAndOnlyAnEndedGuestIsReactivated) {
  const auto unlocked =
      ChangeExpiration(GuestUntil(kNow, GuestState::kSoftLocked), absl::Hours(1), kGrace, kNow + kTick);
  EXPECT_EQ(unlocked->guest.recorded, GuestState::kActive);
  EXPECT_FALSE(unlocked->reactivated);
  const auto reactivated =
      ChangeExpiration(GuestUntil(kNow, GuestState::kSoftLocked), absl::Hours(1), kGrace, kNow + kGrace);
  EXPECT_TRUE(reactivated->reactivated);
}

TEST(ChangeExpiration, ClearingLeavesNoTimes) {
  const auto change = ChangeExpiration(GuestUntil(kNow, GuestState::kSoftLocked), Never{}, kGrace, kNow);
  EXPECT_EQ(change->guest.expire_time, absl::InfiniteFuture());
  EXPECT_EQ(change->guest.access_end_time, absl::InfiniteFuture());
  EXPECT_EQ(change->guest.recorded, GuestState::kActive);
}

TEST(ChangeExpiration, WhatTheWireCannotCarryIsRefused) {
  const rights::MemberState guest = GuestUntil(kNow);
  EXPECT_TRUE(HasReason(ChangeExpiration(guest, LatestExpireTime() + kTick, kGrace, kNow).status(),
                        Reason::kFieldInvalid));
  EXPECT_TRUE(HasReason(ChangeExpiration(guest, LatestExpireTime() - kNow + kTick, kGrace, kNow).status(),
                        Reason::kFieldInvalid));
  EXPECT_TRUE(ChangeExpiration(guest, LatestExpireTime(), kGrace, kNow).ok());
}

}  // namespace
}  // namespace guestpass::membership
