// SPDX-License-Identifier: Apache-2.0
#include "services/guest_expiry/domain/expiration.h"

#include <string>

#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::guest_expiry {
namespace {

using rights::GuestState;
using rights::Role;

constexpr absl::Duration kTick = absl::Microseconds(1);
const absl::Time kExpire = absl::FromUnixSeconds(1'800'000'000);
const absl::Time kEnd = kExpire + absl::Hours(24);

const WorkspaceId kWorkspace = *WorkspaceId::Parse(std::string(26, 'w'));
const UserId kGuest = *UserId::Parse(std::string(26, 'g'));
const UserId kOther = *UserId::Parse(std::string(26, 'o'));

rights::MemberState Guest() {
  return {.workspace = kWorkspace,
          .user = kGuest,
          .role = Role::kGuest,
          .expire_time = kExpire,
          .access_end_time = kEnd};
}

Asker Other(std::optional<Role> role) { return {.user = kOther, .authority = {.role = role}}; }

Asker TheGuestItself() {
  return {.user = kGuest,
          .authority = {.role = Role::kGuest, .expire_time = kExpire, .access_end_time = kEnd}};
}

std::string MetadataOf(const absl::Status& status, const std::string& key) {
  const auto details = DetailsOf(status);
  return details.has_value() && details->metadata.count(key) ? details->metadata.at(key) : "";
}

TEST(Expiration, StateFollowsFromTheTimesToTheMicrosecond) {
  EXPECT_EQ(ExpirationOf(Guest(), kExpire - kTick).state, GuestState::kActive);
  EXPECT_EQ(ExpirationOf(Guest(), kExpire).state, GuestState::kSoftLocked);
  EXPECT_EQ(ExpirationOf(Guest(), kEnd - kTick).state, GuestState::kSoftLocked);
  EXPECT_EQ(ExpirationOf(Guest(), kEnd).state, GuestState::kEnded);
}

TEST(Expiration, ARecordedStateHoldsThoughTheClockGoesBack) {
  rights::MemberState guest = Guest();
  guest.recorded = GuestState::kSoftLocked;
  EXPECT_EQ(ExpirationOf(guest, kExpire - absl::Hours(1)).state, GuestState::kSoftLocked);
}

TEST(Expiration, AdminsOperatorsAndTheGuestItselfSeeIt) {
  for (const Asker& asker : {Other(Role::kAdmin), Asker{.is_operator = true}, TheGuestItself()}) {
    const auto seen = See(asker, Guest(), kExpire - kTick);
    ASSERT_TRUE(seen.ok()) << seen.status();
    EXPECT_EQ(seen->guest, (MemberName{kWorkspace, kGuest}));
    EXPECT_EQ(seen->expire_time, kExpire);
    EXPECT_EQ(seen->access_end_time, kEnd);
    EXPECT_FALSE(seen->record_time.has_value());
  }
}

TEST(Expiration, OthersAreRefusedWithTheirRoleWhetherOrNotThereIsSuchAGuest) {
  for (const std::optional<Role> role : {std::optional<Role>(), std::optional(Role::kMember),
                                         std::optional(Role::kViewer), std::optional(Role::kGuest)}) {
    for (const bool exists : {true, false}) {
      rights::MemberState member = Guest();
      if (!exists) member.role.reset();
      const absl::Status refused = See(Other(role), member, kExpire).status();
      EXPECT_TRUE(HasReason(refused, Reason::kRoleTooLow)) << refused;
      EXPECT_EQ(MetadataOf(refused, "role"), rights::RoleName(role));
    }
  }
}

TEST(Expiration, AMemberIsToldNothingOfItsOwnTimesThatItDoesNotHave) {
  Asker member = Other(Role::kMember);
  member.user = kGuest;
  rights::MemberState state = Guest();
  state.role = Role::kMember;
  EXPECT_TRUE(HasReason(See(member, state, kExpire).status(), Reason::kRoleTooLow));
}

TEST(Expiration, ASoftLockedGuestStillSeesItsTimesAndAnEndedOneDoesNot) {
  EXPECT_TRUE(See(TheGuestItself(), Guest(), kEnd - kTick).ok());
  const absl::Status ended = See(TheGuestItself(), Guest(), kEnd).status();
  EXPECT_TRUE(HasReason(ended, Reason::kGuestEnded)) << ended;
  EXPECT_EQ(MetadataOf(ended, "access_end_time"), Rfc3339(kEnd));
}

TEST(Expiration, WhoIsNoMemberOrNoGuestHasNone) {
  rights::MemberState member = Guest();
  member.role.reset();
  const absl::Status absent = See(Other(Role::kAdmin), member, kExpire).status();
  EXPECT_TRUE(HasReason(absent, Reason::kMemberNotFound)) << absent;
  EXPECT_EQ(MetadataOf(absent, "member"), (MemberName{kWorkspace, kGuest}.ToString()));
  member.role = Role::kViewer;
  const absl::Status viewer = See(Other(Role::kAdmin), member, kExpire).status();
  EXPECT_TRUE(HasReason(viewer, Reason::kNotAGuest)) << viewer;
  EXPECT_EQ(MetadataOf(viewer, "member"), (MemberName{kWorkspace, kGuest}.ToString()));
}

TEST(Expiration, TheNextTransitionIsTheFirstThatIsNotRecorded) {
  rights::MemberState guest = Guest();
  EXPECT_EQ(NextTransition(guest), kExpire);
  guest.recorded = GuestState::kSoftLocked;
  EXPECT_EQ(NextTransition(guest), kEnd);
  guest.recorded = GuestState::kEnded;
  EXPECT_EQ(NextTransition(guest), absl::InfiniteFuture());
  guest.recorded = GuestState::kActive;
  guest.role = Role::kMember;
  EXPECT_EQ(NextTransition(guest), absl::InfiniteFuture());
}

}  // namespace
}  // namespace guestpass::guest_expiry
