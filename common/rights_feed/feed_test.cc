// SPDX-License-Identifier: Apache-2.0
#include "common/rights_feed/feed.h"

#include <set>

#include "common/nats/simulated_bus.h"
#include "common/rights_feed/decide_now.h"
#include "common/rights_feed/signed_payload.h"
#include "common/rights_feed/simulated_membership.h"
#include "gtest/gtest.h"

namespace guestpass::rights_feed {
namespace {

using nats::SimulatedBus;
using rights::Action;
using rights::Refusal;

constexpr absl::Duration kTick = absl::Microseconds(1);
constexpr uint32_t kShard = 7;

const auto kOrganization = TestId<OrganizationId>(1);
const auto kWorkspace = TestId<WorkspaceId>(2);
const auto kChannel = TestId<ChannelId>(3);
const auto kGuest = TestId<UserId>(4);
const auto kOther = TestId<UserId>(5);
const RightsQuery kQuery{.workspace = kWorkspace, .user = kGuest, .channels = {kChannel}};

class Told : public Observer {
 public:
  void OnChanged(uint32_t, const rights::Entry& entry) override { changed.push_back(entry.n); }
  void OnProgress(uint32_t shard) override { progress.insert(shard); }
  std::vector<uint64_t> changed;
  std::set<uint32_t> progress;
};

// A feed of a workspace with a guest in one channel, whose bus holds everything that is published.
class FeedTest : public testing::Test {
 protected:
  explicit FeedTest(KeptLimits limits = {}) : feed_(&told_, limits) {
    bus_.Hold(true);
    subscription_ =
        *bus_.Subscribe(kAllRightsSubjects, [this](absl::string_view subject, absl::string_view bytes) {
          const auto entries = signer_.OpenEntries(subject, bytes);
          if (entries.ok()) feed_.OnEntries(*entries, Boot());
          if (!entries.ok()) ++refused_;
        });
    membership_.Commit(rights::WorkspaceState{.workspace = kWorkspace, .organization = kOrganization});
    membership_.Commit(rights::ChannelState{
        .channel = kChannel, .workspace = kWorkspace, .kind = rights::ChannelKind::kPrivate});
    membership_.CommitGuest(kWorkspace, kGuest, {kChannel});
  }

  absl::Duration Boot() const { return clock_.Boot(); }

  // Heads, asked for and answered at once.
  void ReadHeads() { feed_.OnHeads(Boot(), Boot(), *membership_.GetRightsHeads()); }

  RightsBatch Read(const RightsQuery& query = kQuery) { return *membership_.BatchGetRights({query}); }

  std::optional<ChannelRights> Take(const RightsBatch& batch, const RightsQuery& query = kQuery) {
    auto held = feed_.OnSnapshot(query, batch.epoch, batch.snapshots[0], Boot());
    if (!held.has_value()) return std::nullopt;
    return held->channels.front();
  }

  ChannelRights Load(const RightsQuery& query = kQuery) { return *Take(Read(query), query); }

  SimulatedBus::Message Sealed(const Entries& entries) {
    return {RightsSubject(entries.shard), signer_.SealEntries(entries)};
  }
  SimulatedBus::Message Removal() { return Sealed(membership_.CommitNoMember(kWorkspace, kGuest)); }
  SimulatedBus::Message Return() { return Sealed(membership_.CommitGuest(kWorkspace, kGuest, {kChannel})); }
  SimulatedBus::Message Elsewhere() { return Sealed(membership_.CommitGuest(kWorkspace, kOther, {})); }

  std::optional<Refusal> Post(const ChannelRights& rights) {
    return Decide(rights, Action::kPost, Boot()).refusal;
  }

  void Pull() {
    for (const Feed::Pull& pull : feed_.PullsWanted(Boot())) {
      feed_.OnPulled(pull.shard, *membership_.ListRightsChanges(pull.shard, pull.after_n), Boot());
    }
  }

  SimulatedClock clock_;
  SimulatedMembership membership_{clock_, kShard};
  SimulatedBus bus_;
  const Signer signer_{Keys{{"k1", std::string(32, 's')}}};
  const Signer stranger_{Keys{{"k1", std::string(32, 'x')}}};
  Told told_;
  Feed feed_;
  int refused_ = 0;
  std::unique_ptr<nats::Subscription> subscription_;
};

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
