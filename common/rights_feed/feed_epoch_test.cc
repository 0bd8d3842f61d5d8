// SPDX-License-Identifier: Apache-2.0
#include "common/rights_feed/feed_fixture.h"

namespace guestpass::rights_feed {
namespace {

TEST_F(FeedTest, ANewEpochDropsEverythingAndReadsItAnew) {
  ReadHeads();
  const ChannelRights guest = Load();
  const auto kept = Elsewhere();
  bus_.Deliver(kept);
  membership_.BeginEpoch("epoch-2");
  const auto removal = Removal();
  clock_.Advance(kTick);
  bus_.Deliver(removal);
  EXPECT_EQ(Post(guest), std::nullopt) << "what bears another epoch is dropped";
  EXPECT_TRUE(feed_.TakeHeadsWanted());
  ReadHeads();
  EXPECT_EQ(Post(guest), Refusal::kRightsStale);
  EXPECT_FALSE(guest.member().state().known);
  const auto wanted = feed_.RereadsWanted(10);
  ASSERT_EQ(wanted.size(), 1u);
  for (const RightsQuery& query : wanted) {
    const RightsBatch batch = Read(query);
    ASSERT_TRUE(feed_.OnSnapshot(query, batch.epoch, batch.snapshots[0], Boot()).has_value());
  }
  EXPECT_TRUE(feed_.RereadsWanted(10).empty());
  EXPECT_EQ(Post(guest), Refusal::kNoMember);
  EXPECT_EQ(told_.changed, (std::vector<uint64_t>{5}));
}

TEST_F(FeedTest, ASnapshotOfAnotherEpochIsNotTaken) {
  ReadHeads();
  const RightsBatch old = Read();
  membership_.BeginEpoch("epoch-2");
  EXPECT_FALSE(Take(Read()).has_value());
  EXPECT_TRUE(feed_.TakeHeadsWanted());
  clock_.Advance(kTick);
  ReadHeads();
  EXPECT_FALSE(Take(old).has_value());
  EXPECT_FALSE(feed_.TakeHeadsWanted()) << "it is past";
  EXPECT_TRUE(Take(Read()).has_value());
}

TEST_F(FeedTest, NumbersOfAForgottenFutureAreNotCompared) {
  ReadHeads();
  const ChannelRights guest = Load();
  bus_.Deliver(Removal());
  bus_.Deliver(Return());
  membership_.BeginEpoch("epoch-2", 2);
  clock_.Advance(kTick);
  ReadHeads();
  EXPECT_EQ(feed_.applied(kShard), 3u);
  bus_.Deliver(Removal());
  const ChannelRights again = Load();
  EXPECT_EQ(Post(guest), Refusal::kNoMember);
  EXPECT_EQ(Post(again), Refusal::kNoMember);
  EXPECT_EQ(feed_.applied(kShard), 4u);
}

TEST_F(FeedTest, ALateAnswerOfAnOlderEpochIsDropped) {
  ReadHeads();
  clock_.Advance(kTick);
  const absl::Duration sent = Boot();
  const Heads late = *membership_.GetRightsHeads();
  clock_.Advance(kTick);
  membership_.BeginEpoch("epoch-2");
  ReadHeads();
  feed_.OnHeads(sent, Boot(), late);
  EXPECT_EQ(feed_.epoch(), "epoch-2");
  EXPECT_TRUE(Take(Read()).has_value());
}

TEST_F(FeedTest, ALateAnswerOfTheSameEpochTakesNothingBack) {
  ReadHeads();
  const Heads late = *membership_.GetRightsHeads();
  const absl::Duration sent = Boot();
  clock_.Advance(absl::Milliseconds(30));
  bus_.Deliver(Elsewhere());
  ReadHeads();
  feed_.OnHeads(sent, Boot(), late);
  EXPECT_EQ(feed_.applied(kShard), 4u);
  EXPECT_EQ(feed_.LeaseFrom(kShard), Boot());
}

TEST_F(FeedTest, ATruncatedFeedIsReadAnewAndThenGoesOn) {
  ReadHeads();
  const ChannelRights guest = Load();
  const RightsBatch old = Read();
  for (int i = 0; i < 10; ++i) Elsewhere();
  Removal();
  membership_.Prune(10);
  ReadHeads();
  clock_.Advance(absl::Milliseconds(21));
  const auto pulls = feed_.PullsWanted(Boot());
  ASSERT_EQ(pulls.size(), 1u);
  feed_.OnTruncated(kShard, Boot());
  EXPECT_TRUE(feed_.PullsWanted(Boot()).empty());
  EXPECT_EQ(feed_.applied(kShard), 3u) << "before everything cached is read anew";
  Take(old);
  EXPECT_EQ(feed_.applied(kShard), 3u) << "a snapshot older than the head that was noted";
  const absl::Duration lease = feed_.LeaseFrom(kShard);
  for (const RightsQuery& query : feed_.RereadsWanted(10)) {
    const RightsBatch batch = Read(query);
    feed_.OnSnapshot(query, batch.epoch, batch.snapshots[0], Boot());
  }
  EXPECT_EQ(feed_.applied(kShard), 14u);
  EXPECT_GT(feed_.LeaseFrom(kShard), lease - kTick);
  EXPECT_EQ(Post(guest), Refusal::kNoMember);
  bus_.Deliver(Return());
  EXPECT_EQ(feed_.applied(kShard), 15u);
  EXPECT_EQ(Post(guest), std::nullopt);
}

TEST_F(FeedTest, ATruncatedFeedWithNothingCachedGoesOnAtOnce) {
  ReadHeads();
  for (int i = 0; i < 10; ++i) Elsewhere();
  membership_.Prune(10);
  ReadHeads();
  clock_.Advance(absl::Milliseconds(21));
  ASSERT_EQ(feed_.PullsWanted(Boot()).size(), 1u);
  feed_.OnTruncated(kShard, Boot());
  EXPECT_EQ(feed_.applied(kShard), 13u);
}

class SmallFeedTest : public FeedTest {
 protected:
  SmallFeedTest() : FeedTest({.entries_per_shard = 4}) {}
};

TEST_F(SmallFeedTest, ASnapshotThatTheKeptEntriesDoNotReachIsReadAgain) {
  ReadHeads();
  const RightsBatch old = Read();
  for (int i = 0; i < 4; ++i) bus_.Deliver(Elsewhere());
  EXPECT_TRUE(Take(old).has_value());
  bus_.Deliver(Elsewhere());
  EXPECT_FALSE(Take(old).has_value());
  EXPECT_TRUE(Take(Read()).has_value());
}

TEST_F(SmallFeedTest, AHoleBelowMoreThanIsKeptIsClosedAllTheSame) {
  ReadHeads();
  const ChannelRights guest = Load();
  Removal();
  for (int i = 0; i < 20; ++i) bus_.Deliver(Elsewhere());
  EXPECT_EQ(feed_.applied(kShard), 3u);
  clock_.Advance(absl::Milliseconds(21));
  Pull();
  EXPECT_EQ(feed_.applied(kShard), 24u);
  EXPECT_EQ(Post(guest), Refusal::kNoMember);
}

class TightFeedTest : public FeedTest {
 protected:
  TightFeedTest() : FeedTest({.bytes = 20'000}) {}
};

TEST_F(TightFeedTest, TheOldestOfAllShardsAreDroppedWhenTooMuchIsKept) {
  ReadHeads();
  const RightsBatch old = Read();
  for (int i = 0; i < 1'000; ++i) bus_.Deliver(Elsewhere());
  EXPECT_LE(feed_.kept_bytes(), 20'000u);
  EXPECT_GT(feed_.kept_bytes(), 1'000u);
  EXPECT_FALSE(Take(old).has_value());
  EXPECT_TRUE(Take(Read()).has_value());
}

TEST_F(FeedTest, AMessageWaitsForTheRevisionOfItsSender) {
  ReadHeads();
  EXPECT_TRUE(feed_.Reached(kShard, {"epoch-1", 3}, Boot()));
  const auto entry = Elsewhere();
  EXPECT_FALSE(feed_.Reached(kShard, {"epoch-1", 4}, Boot()));
  bus_.Deliver(entry);
  EXPECT_TRUE(feed_.Reached(kShard, {"epoch-1", 4}, Boot()));
}

TEST_F(FeedTest, AMessageOfAnotherEpochWaitsForHeadsAskedForAfterItWasSeen) {
  ReadHeads();
  clock_.Advance(kTick);
  const absl::Duration before = Boot();
  clock_.Advance(kTick);
  EXPECT_FALSE(feed_.Reached(kShard, {"epoch-0", 1}, Boot()));
  EXPECT_TRUE(feed_.TakeHeadsWanted());
  feed_.OnHeads(before, Boot(), *membership_.GetRightsHeads());
  EXPECT_FALSE(feed_.Reached(kShard, {"epoch-0", 1}, Boot()));
  clock_.Advance(kTick);
  ReadHeads();
  EXPECT_TRUE(feed_.Reached(kShard, {"epoch-0", 1}, Boot()));
  EXPECT_FALSE(feed_.TakeHeadsWanted());

  EXPECT_FALSE(feed_.Reached(kShard, {"epoch-2", 4}, Boot()));
  membership_.BeginEpoch("epoch-2");
  const auto entry = Elsewhere();
  clock_.Advance(kTick);
  ReadHeads();
  EXPECT_TRUE(feed_.Reached(kShard, {"epoch-2", 4}, Boot()));
  EXPECT_FALSE(feed_.Reached(kShard, {"epoch-2", 5}, Boot()));
  EXPECT_TRUE(feed_.Reached(kShard, {"epoch-1", 9}, Boot())) << "it is past";
}

TEST_F(FeedTest, OnlyWhatIsHeldIsCached) {
  ReadHeads();
  {
    const ChannelRights guest = Load();
    EXPECT_EQ(feed_.cached_objects(), 5u);
    const ChannelRights same = Load();
    EXPECT_EQ(feed_.cached_objects(), 5u);
    const ChannelRights other = Load({.workspace = kWorkspace, .user = kOther, .channels = {kChannel}});
    EXPECT_EQ(feed_.cached_objects(), 8u);
  }
  EXPECT_EQ(feed_.cached_objects(), 0u);
}

TEST_F(FeedTest, WhatIsAbsentIsCachedAndComesToBe) {
  ReadHeads();
  const RightsQuery query{.workspace = kWorkspace, .user = kOther, .channels = {kChannel}};
  const ChannelRights stranger = Load(query);
  EXPECT_EQ(Post(stranger), Refusal::kNoMember);
  bus_.Deliver(Sealed(membership_.CommitGuest(kWorkspace, kOther, {kChannel})));
  EXPECT_EQ(Post(stranger), std::nullopt);
  EXPECT_EQ(stranger.member().state().grants, std::vector<ChannelId>{kChannel});
}

TEST_F(FeedTest, EveryKindOfObjectIsFollowed) {
  ReadHeads();
  const ChannelRights guest = Load();
  rights::ChannelState channel{
      .channel = kChannel, .workspace = kWorkspace, .kind = rights::ChannelKind::kPrivate, .archived = true};
  bus_.Deliver(Sealed(membership_.Commit(channel)));
  EXPECT_EQ(Post(guest), Refusal::kChannelArchived);
  channel.archived = false;
  channel.kind = rights::ChannelKind::kDirect;
  bus_.Deliver(Sealed(membership_.Commit(channel)));
  EXPECT_EQ(Post(guest), Refusal::kChannelOutOfScope);
  bus_.Deliver(Sealed(
      membership_.Commit(rights::ParticipantState{.channel = kChannel, .user = kGuest, .present = true})));
  EXPECT_EQ(Post(guest), std::nullopt);
  bus_.Deliver(Sealed(membership_.Commit(rights::OrganizationMemberState{
      .organization = kOrganization, .user = kGuest, .role = rights::OrganizationRole::kOwner})));
  EXPECT_EQ(guest.member().state().authority.role, rights::Role::kAdmin);
  bus_.Deliver(Sealed(membership_.Commit(
      rights::WorkspaceState{.workspace = kWorkspace, .organization = kOrganization, .deleted = true})));
  EXPECT_EQ(Post(guest), Refusal::kNoMember);
  EXPECT_TRUE(guest.member().state().workspace_deleted);
}

}  // namespace
}  // namespace guestpass::rights_feed
