// SPDX-License-Identifier: Apache-2.0
#include "services/invite/storage/postgres/store_fixture.h"

// What is counted when invites are sent.
namespace guestpass::invite {
namespace {

class SendLimitsTest : public PgInviteStoreTest {
 protected:
  // One more of the same inviter to another address.
  Invite Next() { return NewInvite(absl::StrCat("a", ++made_, "@example.com")); }

  // As if all that was counted had been sent so much longer ago.
  void Age(absl::Duration by) {
    Run(absl::StrCat("UPDATE sends SET at_us = at_us - ", absl::ToInt64Microseconds(by)));
  }

  // When a refused send may be tried again, from now on; zero where it was not refused for that.
  absl::Duration Wait(const absl::Status& status) {
    EXPECT_TRUE(HasReason(status, Reason::kInviteRateLimited)) << status;
    const auto details = DetailsOf(status);
    return details.has_value() ? details->retry_after : absl::ZeroDuration();
  }

  int64_t Counted() { return Count("SELECT count(*) FROM sends"); }

  int made_ = 0;
};

TEST_F(SendLimitsTest, AnInviterSendsSoManyInAnHourAndTheRefusedAreNotCounted) {
  const SendLimits limits = {.per_inviter_and_hour = 3};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(CountSend(Next(), true, limits).ok());
  const absl::Duration wait = Wait(CountSend(Next(), true, limits));
  EXPECT_GT(wait, absl::Minutes(59));
  EXPECT_LE(wait, absl::Hours(1));
  EXPECT_EQ(Counted(), 3);
}

TEST_F(SendLimitsTest, ARefusalSaysNoNumberOfTheLimit) {
  const SendLimits limits = {.per_inviter_and_hour = 37};
  for (int i = 0; i < 37; ++i) ASSERT_TRUE(CountSend(Next(), true, limits).ok());
  const absl::Status status = CountSend(Next(), true, limits);
  EXPECT_EQ(DetailsOf(status)->metadata, Metadata());
  EXPECT_EQ(std::string(status.message()).find("37"), std::string::npos);
}

TEST_F(SendLimitsTest, TheHourSlides) {
  const SendLimits limits = {.per_inviter_and_hour = 2};
  ASSERT_TRUE(CountSend(Next(), true, limits).ok());
  Age(absl::Minutes(30));
  ASSERT_TRUE(CountSend(Next(), true, limits).ok());
  const absl::Duration wait = Wait(CountSend(Next(), true, limits));
  EXPECT_LE(wait, absl::Minutes(30)) << "until the first of them is an hour old";
  EXPECT_GT(wait, absl::Minutes(29));
  // Whatever time passes from here on only makes the first older.
  Run("UPDATE sends SET at_us = now_us() - 3600000000 WHERE at_us = (SELECT min(at_us) FROM sends)");
  EXPECT_TRUE(CountSend(Next(), true, limits).ok()) << "the second alone is within the hour";
  EXPECT_GT(Wait(CountSend(Next(), true, limits)), absl::Minutes(29));
}

// Rows are moved to two seconds before each edge, and to the edge.
TEST_F(SendLimitsTest, EveryWindowHoldsToItsEnd) {
  const SendLimits limits = {.per_inviter_and_hour = 1,
                             .mails_per_address_and_day = 1,
                             .between_mails_of_an_invite = absl::Minutes(1)};
  struct Row {
    absl::Duration window;
    bool same_inviter, same_invite;
  };
  for (const Row& row : {Row{absl::Hours(1), true, false}, Row{absl::Hours(24), false, false},
                         Row{absl::Minutes(1), false, true}}) {
    Run("DELETE FROM sends");
    const Invite first = Next();
    ASSERT_TRUE(CountSend(first, true, limits).ok());
    Invite second = row.same_invite ? first : Next();
    if (!row.same_inviter) second.inviter = auth::NewId<UserId>();
    if (!row.same_inviter && !row.same_invite) second.address = first.address;
    if (row.same_invite) second.address = Next().address;
    ++second.generation;
    const std::string edge = absl::StrCat("now_us() - ", absl::ToInt64Microseconds(row.window));
    Run(absl::StrCat("UPDATE sends SET at_us = ", edge, " + 2000000"));
    const absl::Duration wait = Wait(CountSend(second, true, limits));
    EXPECT_GT(wait, absl::ZeroDuration()) << row.window;
    EXPECT_LE(wait, absl::Seconds(2)) << row.window;
    Run(absl::StrCat("UPDATE sends SET at_us = ", edge));
    EXPECT_TRUE(CountSend(second, true, limits).ok()) << row.window;
  }
}

TEST_F(SendLimitsTest, InvitersAndWorkspacesAreCountedApartAndLinksTogetherWithMails) {
  const SendLimits limits = {.per_inviter_and_hour = 1};
  ASSERT_TRUE(CountSend(NewLink(1), false, limits).ok());
  Wait(CountSend(Next(), true, limits));
  Invite by_another = Next();
  by_another.inviter = ann_;
  EXPECT_TRUE(CountSend(by_another, true, limits).ok());
  Invite elsewhere = Next();
  elsewhere.name.workspace = auth::NewId<WorkspaceId>();
  EXPECT_TRUE(CountSend(elsewhere, true, limits).ok());
}

TEST_F(SendLimitsTest, AnAddressGetsSoManyMailsADayOverAllWorkspacesAndInviters) {
  const auto anywhere = [&] {
    Invite invite = NewInvite("Ann@example.com");
    invite.name.workspace = auth::NewId<WorkspaceId>();
    invite.inviter = auth::NewId<UserId>();
    return invite;
  };
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(CountSend(anywhere()).ok());
    if (i == 0) Age(absl::Hours(23));
  }
  const absl::Duration wait = Wait(CountSend(anywhere()));
  EXPECT_GT(wait, absl::Minutes(59));
  EXPECT_LE(wait, absl::Hours(1));
  EXPECT_TRUE(CountSend(Next()).ok());
  EXPECT_TRUE(CountSend(anywhere(), /*mails=*/false).ok()) << "no mail, no limit of mails";
  Age(absl::Hours(1));
  EXPECT_TRUE(CountSend(anywhere()).ok());
}

TEST_F(SendLimitsTest, AnInviteIsMailedOnceAMinute) {
  Invite invite = Next();
  ASSERT_TRUE(CountSend(invite).ok());
  ++invite.generation;
  const absl::Duration wait = Wait(CountSend(invite));
  EXPECT_GT(wait, absl::Seconds(50));
  EXPECT_LE(wait, absl::Minutes(1));
  EXPECT_TRUE(CountSend(invite, /*mails=*/false).ok());
  ++invite.generation;
  Age(absl::Minutes(1));
  EXPECT_TRUE(CountSend(invite).ok());
}

TEST_F(SendLimitsTest, TheLongestWaitIsTold) {
  const SendLimits limits = {.per_inviter_and_hour = 1};
  Invite invite = Next();
  ASSERT_TRUE(CountSend(invite, true, limits).ok());
  ++invite.generation;
  EXPECT_GT(Wait(CountSend(invite, true, limits)), absl::Minutes(59)) << "not the minute of the invite";
}

TEST_F(SendLimitsTest, FiftyRacingCreatesTakeExactlyTheLimit) {
  const SendLimits limits = {.per_inviter_and_hour = 10};
  EXPECT_EQ(
      Race(50,
           [&](int i) { return CountAndCreate(NewInvite(absl::StrCat("r", i, "@example.com")), limits); }),
      10);
  EXPECT_EQ(Counted(), 10);
  EXPECT_EQ(Count("SELECT count(*) FROM invites"), 10);
}

TEST_F(SendLimitsTest, FiftyRacingMailsToOneAddressTakeExactlyItsLimit) {
  EXPECT_EQ(Race(50,
                 [&](int) {
                   Invite invite = NewInvite();
                   invite.name.workspace = auth::NewId<WorkspaceId>();
                   invite.inviter = auth::NewId<UserId>();
                   return CountAndCreate(invite);
                 }),
            5);
}

TEST_F(SendLimitsTest, RevokingWinsNothingBack) {
  const Invite invite = Next();
  const SendLimits limits = {.per_inviter_and_hour = 1};
  ASSERT_TRUE(CountAndCreate(invite, limits).ok());
  ASSERT_TRUE(Revoke(invite).ok());
  Wait(CountSend(Next(), true, limits));
}

}  // namespace
}  // namespace guestpass::invite
