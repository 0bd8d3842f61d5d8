// SPDX-License-Identifier: Apache-2.0
#include "common/rights_feed/feed_fixture.h"

namespace guestpass::rights_feed {
namespace {

TEST_F(FeedTest, NothingIsHeldBeforeTheFirstHeads) {
  EXPECT_FALSE(Take(Read()).has_value());
  EXPECT_TRUE(feed_.TakeHeadsWanted());
  ReadHeads();
  EXPECT_EQ(feed_.applied(kShard), 3u);
  EXPECT_EQ(Post(Load()), std::nullopt);
}

TEST_F(FeedTest, AnEntryTakesEffectAtOnce) {
  ReadHeads();
  const ChannelRights guest = Load();
  bus_.Deliver(Removal());
  EXPECT_EQ(Post(guest), Refusal::kNoMember);
  bus_.Deliver(Return());
  EXPECT_EQ(Post(guest), std::nullopt);
  EXPECT_EQ(told_.changed, (std::vector<uint64_t>{4, 5}));
}

TEST_F(FeedTest, ASnapshotOlderThanAnEntryIsBroughtForward) {
  ReadHeads();
  const RightsBatch old = Read();
  bus_.Deliver(Removal());
  ASSERT_EQ(feed_.applied(kShard), 4u);
  EXPECT_EQ(Post(*Take(old)), Refusal::kNoMember);
}

TEST_F(FeedTest, ASnapshotOlderThanAnEntryBeyondAHoleIsBroughtForward) {
  ReadHeads();
  const RightsBatch old = Read();
  Elsewhere();
  bus_.Deliver(Removal());
  ASSERT_EQ(feed_.applied(kShard), 3u);
  EXPECT_EQ(Post(*Take(old)), Refusal::kNoMember);
}

TEST_F(FeedTest, ASnapshotOlderThanTheHeadsIsReadAgain) {
  const RightsBatch old = Read();
  Removal();
  ReadHeads();
  EXPECT_FALSE(Take(old).has_value());
  EXPECT_EQ(Post(*Take(Read())), Refusal::kNoMember);
}

TEST_F(FeedTest, ASnapshotNeverMovesApplied) {
  ReadHeads();
  const ChannelRights guest = Load();
  const auto removal = Removal();
  Load({.workspace = kWorkspace, .user = kOther, .channels = {kChannel}});
  EXPECT_EQ(feed_.applied(kShard), 3u);
  EXPECT_EQ(feed_.revision(kShard).n, 4u);
  bus_.Deliver(removal);
  EXPECT_EQ(feed_.applied(kShard), 4u);
  EXPECT_EQ(Post(guest), Refusal::kNoMember);
}

TEST_F(FeedTest, AnOlderSnapshotDoesNotUndoANewerOne) {
  ReadHeads();
  const RightsBatch old = Read();
  bus_.Deliver(Removal());
  const ChannelRights guest = Load();
  Take(old);
  EXPECT_EQ(Post(guest), Refusal::kNoMember);
}

TEST_F(FeedTest, ALostEntryIsPulledAfter20Ms) {
  ReadHeads();
  const ChannelRights guest = Load();
  Removal();
  bus_.Deliver(Elsewhere());
  EXPECT_EQ(feed_.applied(kShard), 3u);
  EXPECT_EQ(feed_.revision(kShard).n, 5u);
  clock_.Advance(absl::Milliseconds(20));
  EXPECT_TRUE(feed_.PullsWanted(Boot()).empty());
  clock_.Advance(kTick);
  Pull();
  EXPECT_EQ(feed_.applied(kShard), 5u);
  EXPECT_EQ(Post(guest), Refusal::kNoMember);
}

TEST_F(FeedTest, ALostLastEntryIsFoundByTheHeads) {
  ReadHeads();
  const ChannelRights guest = Load();
  Removal();
  ReadHeads();
  clock_.Advance(absl::Milliseconds(20) + kTick);
  Pull();
  EXPECT_EQ(Post(guest), Refusal::kNoMember);
}

TEST_F(FeedTest, OnePullAShardIsUnderWay) {
  ReadHeads();
  Elsewhere();
  ReadHeads();
  clock_.Advance(absl::Milliseconds(21));
  ASSERT_EQ(feed_.PullsWanted(Boot()).size(), 1u);
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(feed_.PullsWanted(Boot()).empty());
  feed_.OnPullFailed(kShard, Boot());
  EXPECT_TRUE(feed_.PullsWanted(Boot()).empty());
  clock_.Advance(absl::Milliseconds(100) + kTick);
  EXPECT_EQ(feed_.PullsWanted(Boot()).size(), 1u);
}

TEST_F(FeedTest, ALongHoleIsPulledPageAfterPage) {
  ReadHeads();
  for (int i = 0; i < 2'500; ++i) Elsewhere();
  ReadHeads();
  clock_.Advance(absl::Milliseconds(21));
  Pull();
  Pull();
  Pull();
  EXPECT_EQ(feed_.applied(kShard), 2'503u);
}

TEST_F(FeedTest, SwappedEntriesEndInTheNewerState) {
  ReadHeads();
  const ChannelRights guest = Load();
  const auto removal = Removal();
  const auto back = Return();
  bus_.Deliver(back);
  EXPECT_EQ(Post(guest), std::nullopt);
  EXPECT_EQ(feed_.applied(kShard), 3u);
  bus_.Deliver(removal);
  EXPECT_EQ(Post(guest), std::nullopt);
  EXPECT_EQ(feed_.applied(kShard), 5u);
}

TEST_F(FeedTest, ARepeatedOrReplayedEntryChangesNothing) {
  ReadHeads();
  const ChannelRights guest = Load();
  const auto removal = Removal();
  const auto back = Return();
  const auto gone = Removal();
  for (const auto& message : {removal, back, back, gone, back, removal, back}) bus_.Deliver(message);
  EXPECT_EQ(Post(guest), Refusal::kNoMember);
  EXPECT_EQ(feed_.applied(kShard), 6u);
  EXPECT_EQ(told_.changed, (std::vector<uint64_t>{4, 5, 6}));
}

TEST_F(FeedTest, AForgedEntryIsRefused) {
  ReadHeads();
  const ChannelRights guest = Load();
  bus_.Deliver(Removal());
  Entries wish{.epoch = feed_.epoch(), .shard = kShard};
  wish.entries.push_back(
      {.n = 5,
       .object = rights::MemberState{
           .workspace = kWorkspace, .user = kGuest, .role = rights::Role::kAdmin, .grants = {kChannel}}});
  const std::string subject = RightsSubject(kShard);
  bus_.Deliver({subject, stranger_.SealEntries(wish)});
  bus_.Deliver({RightsSubject(kShard + 1), signer_.SealEntries(wish)});
  bus_.Deliver({subject, signer_.Seal("guestpass.messages.7", ToProto(wish).SerializeAsString())});
  std::string altered = signer_.SealEntries(wish);
  altered[altered.size() / 3] ^= 1;
  bus_.Deliver({subject, altered});
  bus_.Deliver({subject, ToProto(wish).SerializeAsString()});
  bus_.Deliver({subject, "junk"});
  EXPECT_EQ(refused_, 6);
  EXPECT_EQ(Post(guest), Refusal::kNoMember);
  EXPECT_EQ(feed_.applied(kShard), 4u);
}

TEST_F(FeedTest, ALeaseCountsFromTheSending) {
  const Heads heads = *membership_.GetRightsHeads();
  const absl::Duration sent = Boot();
  clock_.Advance(absl::Milliseconds(40));
  feed_.OnHeads(sent, Boot(), heads);
  const ChannelRights guest = Load();
  EXPECT_EQ(feed_.LeaseFrom(kShard), sent);
  EXPECT_EQ(Decide(guest, Action::kPost, sent + absl::Seconds(2) - kTick).refusal, std::nullopt);
  EXPECT_EQ(Decide(guest, Action::kPost, sent + absl::Seconds(2)).refusal, Refusal::kRightsStale);
  EXPECT_EQ(Decide(guest, Action::kPost, Boot()).lease_end, sent + absl::Seconds(2));
  EXPECT_EQ(Decide(guest, Action::kRead, sent + absl::Seconds(60) - kTick).refusal, std::nullopt);
  EXPECT_EQ(Decide(guest, Action::kRead, sent + absl::Seconds(60)).refusal, Refusal::kRightsStale);
  EXPECT_EQ(DecideEntry(guest.member(), true, sent + absl::Seconds(2)).refusal, Refusal::kRightsStale);
  EXPECT_EQ(DecideEntry(guest.member(), false, sent + absl::Seconds(2)).refusal, std::nullopt);
}

TEST_F(FeedTest, OthersThanGuestsWriteFor30Seconds) {
  membership_.Commit(rights::OrganizationMemberState{
      .organization = kOrganization, .user = kGuest, .role = rights::OrganizationRole::kAdmin});
  membership_.Commit(rights::ParticipantState{.channel = kChannel, .user = kGuest, .present = true});
  ReadHeads();
  const ChannelRights admin = Load();
  EXPECT_EQ(Decide(admin, Action::kPost, Boot() + absl::Seconds(30) - kTick).refusal, std::nullopt);
  EXPECT_EQ(Decide(admin, Action::kPost, Boot() + absl::Seconds(30)).refusal, Refusal::kRightsStale);
}

TEST_F(FeedTest, NoLeaseIsGivenWhileAHoleIsOpenAndARunningOneGoesOn) {
  ReadHeads();
  const ChannelRights guest = Load();
  const absl::Duration first = Boot();
  Elsewhere();
  clock_.Advance(absl::Seconds(1));
  const absl::Duration second = Boot();
  ReadHeads();
  EXPECT_EQ(feed_.LeaseFrom(kShard), first);
  EXPECT_EQ(feed_.LeaseFrom(kShard + 1), second);
  EXPECT_EQ(Post(guest), std::nullopt);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Post(guest), Refusal::kRightsStale);
  Pull();
  EXPECT_EQ(feed_.LeaseFrom(kShard), second);
  EXPECT_EQ(Post(guest), std::nullopt);
}

TEST_F(FeedTest, ADeadlineIsKeptByTheLateEdgeOfTheDatabasesClock) {
  const absl::Time expire = clock_.Now() + absl::Seconds(1);
  membership_.Commit(rights::MemberState{.workspace = kWorkspace,
                                         .user = kGuest,
                                         .role = rights::Role::kGuest,
                                         .expire_time = expire,
                                         .access_end_time = expire + absl::Hours(1),
                                         .grants = {kChannel}});
  const Heads heads = *membership_.GetRightsHeads();
  const absl::Duration sent = Boot();
  feed_.OnHeads(sent, sent + absl::Milliseconds(30), heads);
  const ChannelRights guest = Load();
  const absl::Duration drift = absl::Microseconds(200);
  EXPECT_EQ(Decide(guest, Action::kPost, sent + absl::Seconds(1) - drift - kTick).refusal, std::nullopt);
  EXPECT_EQ(Decide(guest, Action::kPost, sent + absl::Seconds(1) - drift + kTick).refusal,
            Refusal::kGuestSoftLocked);
  EXPECT_EQ(Decide(guest, Action::kRead, sent + absl::Seconds(1)).refusal, std::nullopt);
}

TEST_F(FeedTest, WithoutAClockNothingIsAllowed) {
  const absl::Duration sent = Boot();
  clock_.Advance(absl::Milliseconds(51));
  feed_.OnHeads(sent, Boot(), *membership_.GetRightsHeads());
  EXPECT_EQ(Post(Load()), Refusal::kRightsStale);
  ReadHeads();
  EXPECT_EQ(Post(Load()), std::nullopt);
}

}  // namespace
}  // namespace guestpass::rights_feed
