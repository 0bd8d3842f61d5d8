// SPDX-License-Identifier: Apache-2.0
#include "services/invite/domain/invite.h"

#include <string>

#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::invite {
namespace {

constexpr absl::Duration kTick = absl::Microseconds(1);
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
const UserId kAnn = *UserId::Parse("annaaaaaaaaaaaaaaaaaaaaaaa");
const UserId kBob = *UserId::Parse("bobaaaaaaaaaaaaaaaaaaaaaaa");
const Redeemer kByAnn = {.user = kAnn, .verified_email = "Ann@Example.com"};
const Redeemer kByBob = {.user = kBob, .verified_email = "bob@example.com"};
const Redeemer kByUnverified = {.user = kBob, .verified_email = std::nullopt};

Invite Pending() {
  return {.name = {*WorkspaceId::Parse("wwwwwwwwwwwwwwwwwwwwwwwwww"),
                   *InviteId::Parse("iiiiiiiiiiiiiiiiiiiiiiiiii")},
          .address = *mail::ParseAddress("ann@example.com"),
          .expire_time = kNow + absl::Hours(1)};
}

Reservation Open(UserId user, absl::Time since) {
  return {.join_key = "key", .user = user, .create_time = since};
}

// "RESERVE", or the refusal's reason.
std::string Outcome(const Invite& invite, const std::optional<Reservation>& open, const Redeemer& redeemer,
                    absl::Time now = kNow) {
  const absl::StatusOr<Step> step = Redeem(invite, open, redeemer, now);
  if (!step.ok()) return std::string(ReasonName(DetailsOf(step.status())->reason));
  switch (*step) {
    case Step::kRepeat:
      return "REPEAT";
    case Step::kSettle:
      return "SETTLE";
    case Step::kReserve:
      return "RESERVE";
    case Step::kFind:
      return "FIND";
  }
  return "";
}

TEST(Redeem, TheInvitedAddressReservesUntilTheInviteExpires) {
  const Invite invite = Pending();
  EXPECT_EQ(Outcome(invite, std::nullopt, kByAnn, invite.expire_time - kTick), "RESERVE");
  EXPECT_EQ(Outcome(invite, std::nullopt, kByAnn, invite.expire_time), "INVITE_EXPIRED");
  EXPECT_EQ(StateAt(invite, invite.expire_time - kTick), State::kPending);
  EXPECT_EQ(StateAt(invite, invite.expire_time), State::kExpired);
}

TEST(Redeem, ReasonsComeInTheirOrder) {
  Invite invite = Pending();
  invite.state = State::kRevoked;
  EXPECT_EQ(Outcome(invite, std::nullopt, kByUnverified, invite.expire_time), "INVITE_REVOKED");
  invite.state = State::kExpired;
  EXPECT_EQ(Outcome(invite, std::nullopt, kByUnverified), "INVITE_EXPIRED");
  invite.state = State::kPending;
  EXPECT_EQ(Outcome(invite, std::nullopt, kByUnverified, invite.expire_time), "INVITE_EXPIRED");
  EXPECT_EQ(Outcome(invite, std::nullopt, kByUnverified), "EMAIL_NOT_VERIFIED");
  EXPECT_EQ(Outcome(invite, Open(kAnn, kNow), kByBob), "INVITE_EMAIL_MISMATCH");
  invite.state = State::kRedeemed;
  invite.redeemed_by = kBob;
  EXPECT_EQ(Outcome(invite, std::nullopt, kByAnn), "FIND");
  EXPECT_EQ(Outcome(invite, std::nullopt, kByAnn, invite.expire_time), "INVITE_EXPIRED");
}

TEST(Redeem, OnesOwnEarlierRedemptionComesBeforeEverything) {
  Invite invite = Pending();
  invite.state = State::kRedeemed;
  invite.redeemed_by = kBob;
  EXPECT_EQ(Outcome(invite, std::nullopt, kByUnverified, invite.expire_time), "REPEAT");
}

TEST(Redeem, AnOpenReservationIsWaitedForAndThenSettled) {
  const Invite invite = Pending();
  const Reservation of_another = Open(kBob, kNow - kAbandonedAfter);
  EXPECT_EQ(Outcome(invite, of_another, kByAnn, kNow - kTick), "CONFLICT");
  EXPECT_EQ(Outcome(invite, of_another, kByAnn, kNow), "SETTLE");
  EXPECT_GT(DetailsOf(Redeem(invite, of_another, kByAnn, kNow - kTick).status())->retry_after,
            absl::ZeroDuration());
}

TEST(Redeem, OnesOwnOpenReservationIsSettledEvenWhenTheInviteHasExpiredSince) {
  Invite invite = Pending();
  invite.state = State::kExpired;
  const Reservation own = Open(kAnn, kNow - kAbandonedAfter);
  EXPECT_EQ(Outcome(invite, own, kByAnn, kNow - kTick), "CONFLICT");
  EXPECT_EQ(Outcome(invite, own, kByAnn, kNow), "SETTLE");
  EXPECT_EQ(Outcome(invite, Open(kBob, kNow - kAbandonedAfter), kByAnn), "INVITE_EXPIRED");
}

TEST(Redeem, AMismatchDoesNotNameTheBoundAddress) {
  const absl::Status status = Redeem(Pending(), std::nullopt, kByBob, kNow).status();
  EXPECT_EQ(status.ToString().find("ann@"), std::string::npos);
}

TEST(Redeem, AnAddressThatCannotBeReadIsAnother) {
  EXPECT_EQ(Outcome(Pending(), std::nullopt, {.user = kAnn, .verified_email = "not an address"}),
            "INVITE_EMAIL_MISMATCH");
}

TEST(Redeem, AnExpiredInviteSaysSinceWhen) {
  const Invite invite = Pending();
  const auto details = DetailsOf(Redeem(invite, std::nullopt, kByAnn, invite.expire_time).status());
  EXPECT_EQ(details->metadata,
            (Metadata{{"invite", invite.name.ToString()}, {"expire_time", Rfc3339(invite.expire_time)}}));
}

}  // namespace
}  // namespace guestpass::invite
