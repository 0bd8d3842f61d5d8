// SPDX-License-Identifier: Apache-2.0
#include "services/invite/domain/invite.h"

#include <string>
#include <vector>

#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::invite {
namespace {

constexpr absl::Duration kTick = absl::Microseconds(1);
const absl::Time kExpiry = absl::FromUnixSeconds(1'800'000'000);
const UserId kAnn = *UserId::Parse("annaaaaaaaaaaaaaaaaaaaaaaa");
const Redeemer kByAnn = {.user = kAnn, .verified_email = "Ann@Example.com"};
const Redeemer kByAnother = {.user = kAnn, .verified_email = "bob@example.com"};
const Redeemer kByUnverified = {.user = kAnn, .verified_email = std::nullopt};

Invite Email(State state = State::kPending) {
  return {.name = {*WorkspaceId::Parse("wwwwwwwwwwwwwwwwwwwwwwwwww"),
                   *InviteId::Parse("iiiiiiiiiiiiiiiiiiiiiiiiii")},
          .address = *mail::ParseAddress("ann@example.com"),
          .state = state,
          .expire_time = kExpiry};
}

Invite LinkOf(Link link, State state = State::kPending) {
  Invite invite = Email(state);
  invite.address = {};
  invite.link = link;
  return invite;
}

// The refusal's reason; "OK" where there is none.
std::string ReasonFor(const absl::Status& status) {
  return status.ok() ? "OK" : std::string(ReasonName(DetailsOf(status)->reason));
}

std::string Outcome(const Invite& invite, const Redeemer& redeemer, absl::Time now) {
  return ReasonFor(CheckRedeemable({invite, invite.expire_time}, redeemer, now));
}

TEST(StateAt, APendingInviteIsExpiredFromItsTimeOnAndNoOtherChanges) {
  struct Row {
    State stored;
    absl::Duration after;
    State seen;
  };
  const std::vector<Row> rows = {
      {State::kPending, -kTick, State::kPending},  {State::kPending, absl::ZeroDuration(), State::kExpired},
      {State::kPending, kTick, State::kExpired},   {State::kExpired, -kTick, State::kExpired},
      {State::kRedeemed, kTick, State::kRedeemed}, {State::kRevoked, kTick, State::kRevoked},
      {State::kDeclined, kTick, State::kDeclined}, {State::kUndelivered, kTick, State::kUndelivered},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(StateAt(Email(row.stored), kExpiry + row.after), row.seen)
        << static_cast<int>(row.stored) << " " << row.after;
  }
}

// I21, from "revoked" to "mismatch": each row would also have every reason of the rows below it.
TEST(CheckRedeemable, ReasonsComeInTheirOrder) {
  struct Row {
    std::string reason;
    State state;
    absl::Duration after;
    Redeemer redeemer;
  };
  const std::vector<Row> rows = {
      {"INVITE_NOT_FOUND", State::kUndelivered, kTick, kByUnverified},
      {"INVITE_REVOKED", State::kRevoked, kTick, kByUnverified},
      {"INVITE_DECLINED", State::kDeclined, kTick, kByUnverified},
      {"INVITE_EXPIRED", State::kExpired, -kTick, kByUnverified},
      {"INVITE_EXPIRED", State::kPending, kTick, kByUnverified},
      {"INVITE_EXPIRED", State::kPending, absl::ZeroDuration(), kByUnverified},
      {"INVITE_EXPIRED", State::kPending, absl::ZeroDuration(), kByAnn},
      {"INVITE_EXPIRED", State::kRedeemed, absl::ZeroDuration(), kByAnn},
      {"EMAIL_NOT_VERIFIED", State::kPending, -kTick, kByUnverified},
      {"INVITE_EMAIL_MISMATCH", State::kPending, -kTick, kByAnother},
      {"INVITE_EMAIL_MISMATCH", State::kRedeemed, -kTick, kByAnother},
      {"OK", State::kPending, -kTick, kByAnn},
      {"OK", State::kRedeemed, -kTick, kByAnn},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Outcome(Email(row.state), row.redeemer, kExpiry + row.after), row.reason)
        << static_cast<int>(row.state) << " " << row.after;
  }
}

TEST(CheckRedeemable, ALinkIsForEveryVerifiedAddressAndForOthersWhereItSaysSo) {
  const absl::Time now = kExpiry - kTick;
  EXPECT_EQ(Outcome(LinkOf({}), kByAnother, now), "OK");
  EXPECT_EQ(Outcome(LinkOf({}), kByUnverified, now), "EMAIL_NOT_VERIFIED");
  EXPECT_EQ(Outcome(LinkOf({.allow_unverified = true}), kByUnverified, now), "OK");
  EXPECT_EQ(Outcome(LinkOf({.allow_unverified = true}), kByUnverified, kExpiry), "INVITE_EXPIRED");
  EXPECT_EQ(Outcome(LinkOf({}, State::kRevoked), kByAnn, now), "INVITE_REVOKED");
}

TEST(CheckRedeemable, ASecretExpiresByItsOwnTimeAndSaysSinceWhen) {
  const Presented before = {Email(), kExpiry - absl::Hours(1)};
  EXPECT_TRUE(CheckRedeemable(before, kByAnn, before.expire_time - kTick).ok());
  const auto details = DetailsOf(CheckRedeemable(before, kByAnn, before.expire_time));
  ASSERT_TRUE(details.has_value());
  EXPECT_EQ(details->reason, Reason::kInviteExpired);
  EXPECT_EQ(details->metadata, (Metadata{{"invite", before.invite.name.ToString()},
                                         {"expire_time", Rfc3339(before.expire_time)}}));
}

TEST(CheckRedeemable, AMismatchDoesNotNameTheBoundAddress) {
  const absl::Status status = CheckRedeemable({Email(), kExpiry}, kByAnother, kExpiry - kTick);
  EXPECT_EQ(status.ToString().find("ann@"), std::string::npos);
}

TEST(CheckRedeemable, AnAddressThatCannotBeReadIsAnother) {
  const absl::Time now = kExpiry - kTick;
  EXPECT_EQ(Outcome(Email(), {.user = kAnn, .verified_email = "not an address"}, now),
            "INVITE_EMAIL_MISMATCH");
  Invite erased = Email();
  erased.address = {};
  EXPECT_EQ(Outcome(erased, {.user = kAnn, .verified_email = ""}, now), "INVITE_EMAIL_MISMATCH");
}

TEST(CheckStanding, SaysWhatIsTheSameForEverybody) {
  EXPECT_TRUE(CheckStanding({Email(), kExpiry}, kExpiry - kTick).ok());
  EXPECT_TRUE(CheckStanding({Email(State::kRedeemed), kExpiry}, kExpiry - kTick).ok());
  EXPECT_EQ(ReasonFor(CheckStanding({Email(), kExpiry}, kExpiry)), "INVITE_EXPIRED");
  EXPECT_EQ(ReasonFor(CheckStanding({Email(State::kDeclined), kExpiry}, kExpiry)), "INVITE_DECLINED");
}

TEST(Invite, KnowsHowOftenItCanBeUsed) {
  EXPECT_EQ(Email().max_uses(), 1);
  EXPECT_FALSE(Email().unlimited());
  EXPECT_EQ(LinkOf({.max_uses = 3}).max_uses(), 3);
  EXPECT_FALSE(LinkOf({.max_uses = 3}).unlimited());
  EXPECT_TRUE(LinkOf({.max_uses = std::nullopt}).unlimited());
}

}  // namespace
}  // namespace guestpass::invite
