// SPDX-License-Identifier: Apache-2.0
#include "services/membership/domain/conversation.h"

#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::membership {
namespace {

using rights::Authority;
using rights::GuestState;
using rights::Role;

constexpr absl::Duration kTick = absl::Microseconds(1);
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

// In the order of their numbers.
UserId User(int number) {
  std::string text(26, 'a');
  text[0] = static_cast<char>('a' + number);
  return *UserId::Parse(text);
}

std::vector<UserId> Users(int first, int last) {
  std::vector<UserId> users;
  for (int i = first; i <= last; ++i) users.push_back(User(i));
  return users;
}

std::optional<Reason> ReasonOf(const absl::Status& status) {
  const auto details = DetailsOf(status);
  return details.has_value() ? std::optional(details->reason) : std::nullopt;
}

TEST(RequireStarter, MembersAndAdminsStartAndGuestsAreToldTheLastingReasonFirst) {
  const auto guest = [](absl::Time expire, absl::Time end, GuestState recorded = GuestState::kActive) {
    return Authority{
        .role = Role::kGuest, .expire_time = expire, .access_end_time = end, .recorded = recorded};
  };
  const absl::Time never = absl::InfiniteFuture();
  const struct {
    Authority authority;
    std::optional<Reason> reason;
  } kRows[] = {
      {{.role = Role::kAdmin}, std::nullopt},
      {{.role = Role::kMember}, std::nullopt},
      {{.role = Role::kViewer}, Reason::kRoleTooLow},
      {{}, Reason::kRoleTooLow},
      {guest(never, never), Reason::kDmStartForbidden},
      {guest(kNow + kTick, never), Reason::kDmStartForbidden},
      {guest(kNow, kNow + kTick), Reason::kGuestSoftLocked},
      {guest(never, never, GuestState::kSoftLocked), Reason::kGuestSoftLocked},
      {guest(kNow - kTick, kNow), Reason::kGuestEnded},
  };
  for (const auto& row : kRows) {
    const absl::Status status = RequireStarter(row.authority, kNow);
    EXPECT_EQ(status.ok(), !row.reason.has_value()) << status;
    EXPECT_EQ(ReasonOf(status), row.reason) << rights::RoleName(row.authority.role);
  }
}

TEST(ParticipantsOf, TheSameSetIsTheSameWhoeverAsksAndHowever) {
  EXPECT_EQ(*ParticipantsOf(User(1), {User(2), User(0)}), Users(0, 2));
  EXPECT_EQ(*ParticipantsOf(User(2), {User(0), User(1)}), Users(0, 2));
  EXPECT_EQ(*ParticipantsOf(User(0), {User(2), User(1), User(2), User(0)}), Users(0, 2));
}

TEST(ParticipantsOf, OneToNineteenOthers) {
  for (const std::vector<UserId>& alone : {std::vector<UserId>(), Users(0, 0)}) {
    EXPECT_EQ(ReasonOf(ParticipantsOf(User(0), alone).status()), Reason::kFieldInvalid);
  }
  EXPECT_EQ(ParticipantsOf(User(0), Users(1, 1))->size(), 2u);
  EXPECT_EQ(ParticipantsOf(User(0), Users(1, 19))->size(), 20u);
  EXPECT_EQ(ParticipantsOf(User(0), Users(0, 19))->size(), 20u);
  const absl::Status crowd = ParticipantsOf(User(0), Users(1, 20)).status();
  ASSERT_EQ(ReasonOf(crowd), Reason::kFieldInvalid);
  EXPECT_EQ(DetailsOf(crowd)->violations[0].field, "users");
}

}  // namespace
}  // namespace guestpass::membership
