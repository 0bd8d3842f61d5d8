// SPDX-License-Identifier: Apache-2.0
#include "services/invite/domain/draft.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace guestpass::invite {
namespace {

constexpr absl::Duration kTick = absl::Microseconds(1);
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

ChannelId Channel(int i) {
  return *ChannelId::Parse(
      absl::StrCat("channelaaaaaaaaaaaaaaaa", 222 + i % 6 + i / 6 % 6 * 10 + i / 36 * 100));
}

Draft Guest() {
  return {.address = *mail::ParseAddress("ann@example.com"),
          .role = rights::Role::kGuest,
          .channels = {Channel(0)}};
}

std::string Fields(const Draft& draft) {
  std::string fields;
  for (const FieldViolation& violation : Violations(draft, kNow))
    absl::StrAppend(&fields, violation.field, " ");
  return fields;
}

TEST(Draft, AGuestNeedsOneToAHundredDistinctChannels) {
  Draft draft = Guest();
  EXPECT_EQ(Fields(draft), "");
  draft.channels = {};
  EXPECT_EQ(Fields(draft), "invite.channels ");
  for (int i = 0; i < 100; ++i) draft.channels.push_back(Channel(i));
  EXPECT_EQ(Fields(draft), "");
  draft.channels[99] = Channel(7);
  EXPECT_EQ(Fields(draft), "invite.channels ");
  draft.channels[99] = Channel(99);
  draft.channels.push_back(Channel(100));
  EXPECT_EQ(Fields(draft), "invite.channels ");
}

TEST(Draft, OthersHaveNeitherChannelsNorAGuestsTime) {
  for (rights::Role role : {rights::Role::kAdmin, rights::Role::kMember, rights::Role::kViewer}) {
    Draft draft = Guest();
    draft.role = role;
    EXPECT_EQ(Fields(draft), "invite.channels ");
    draft.guest_expiry = absl::Hours(1);
    EXPECT_EQ(Fields(draft), "invite.channels invite.guest_ttl ");
    draft.guest_expiry = kNow + absl::Hours(1);
    EXPECT_EQ(Fields(draft), "invite.channels invite.guest_expire_time ");
    EXPECT_EQ(Fields({.address = draft.address, .role = role}), "");
  }
}

TEST(Draft, WithoutARoleNothingIsSaidOfWhatDependsOnIt) {
  EXPECT_EQ(Fields({.address = *mail::ParseAddress("ann@example.com")}), "");
  EXPECT_EQ(Fields({.channels = {Channel(0)}, .guest_expiry = absl::ZeroDuration()}), "");
}

TEST(Draft, ALinkIsForOneToAMillionPeopleAndGivesNoAdmin) {
  Draft draft = Guest();
  for (const auto& [max_uses, fields] :
       std::vector<std::pair<std::optional<int32_t>, std::string>>{{1, ""},
                                                                   {1'000'000, ""},
                                                                   {std::nullopt, ""},
                                                                   {0, "invite.link.max_uses "},
                                                                   {-1, "invite.link.max_uses "},
                                                                   {1'000'001, "invite.link.max_uses "}}) {
    draft.link = Link{.max_uses = max_uses};
    EXPECT_EQ(Fields(draft), fields);
  }
  for (rights::Role role : {rights::Role::kMember, rights::Role::kViewer}) {
    EXPECT_EQ(Fields({.link = Link(), .role = role}), "");
  }
  EXPECT_EQ(Fields({.link = Link(), .role = rights::Role::kAdmin}), "invite.role ");
}

TEST(Draft, AnInvitesDraftIsWhatItWasMadeFrom) {
  const Invite invite{.address = *mail::ParseAddress("ann@example.com"),
                      .link = Link{.max_uses = 3},
                      .role = rights::Role::kViewer,
                      .channels = {Channel(1)},
                      .guest_expiry = absl::Hours(1)};
  const Draft draft = DraftOf(invite);
  EXPECT_EQ(draft.address, invite.address);
  EXPECT_EQ(draft.link->max_uses, 3);
  EXPECT_EQ(draft.role, invite.role);
  EXPECT_EQ(draft.channels, invite.channels);
  EXPECT_EQ(draft.guest_expiry, invite.guest_expiry);
  EXPECT_FALSE(draft.expire_time.has_value());
}

TEST(Draft, ExpireTimeIsAheadByAtMost30DaysToTheMicrosecond) {
  Draft draft = Guest();
  for (const auto& [expire_time, fields] : std::vector<std::pair<absl::Time, std::string>>{
           {kNow, "invite.expire_time "},
           {kNow + kTick, ""},
           {kNow + absl::Hours(720), ""},
           {kNow + absl::Hours(720) + kTick, "invite.expire_time "}}) {
    draft.expire_time = expire_time;
    EXPECT_EQ(Fields(draft), fields) << expire_time;
  }
}

TEST(Draft, AGuestsTimesAreInTheFutureToTheMicrosecond) {
  Draft draft = Guest();
  draft.guest_expiry = kTick;
  EXPECT_EQ(Fields(draft), "");
  draft.guest_expiry = absl::ZeroDuration();
  EXPECT_EQ(Fields(draft), "invite.guest_ttl ");
  draft.guest_expiry = kMaxGuestTtl;
  EXPECT_EQ(Fields(draft), "");
  draft.guest_expiry = kMaxGuestTtl + kTick;
  EXPECT_EQ(Fields(draft), "invite.guest_ttl ");
  EXPECT_TRUE(CheckGuestExpireTime(kNow + kTick, kNow).ok());
  EXPECT_TRUE(HasReason(CheckGuestExpireTime(kNow, kNow), Reason::kFieldInvalid));
  EXPECT_TRUE(CheckGuestExpireTime(kNow + kMaxGuestTtl, kNow).ok());
  EXPECT_TRUE(HasReason(CheckGuestExpireTime(kNow + kMaxGuestTtl + kTick, kNow), Reason::kFieldInvalid));
  EXPECT_TRUE(CheckGuestExpireTime(GuestExpiry(), kNow).ok());
}

}  // namespace
}  // namespace guestpass::invite
