// SPDX-License-Identifier: Apache-2.0
#include "common/rights_feed/follower.h"

#include "absl/time/clock.h"
#include "common/nats/simulated_bus.h"
#include "common/rights_feed/decide_now.h"
#include "common/rights_feed/listener.h"
#include "common/rights_feed/simulated_membership.h"
#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::rights_feed {
namespace {

constexpr uint32_t kShard = 9;
constexpr absl::Duration kPatience = absl::Seconds(20);

const auto kOrganization = TestId<OrganizationId>(1);
const auto kWorkspace = TestId<WorkspaceId>(2);
const auto kChannel = TestId<ChannelId>(3);
const auto kGuest = TestId<UserId>(4);

class FollowerTest : public testing::Test {
 protected:
  FollowerTest() {
    membership_.Commit(rights::WorkspaceState{.workspace = kWorkspace, .organization = kOrganization});
    membership_.Commit(rights::ChannelState{
        .channel = kChannel, .workspace = kWorkspace, .kind = rights::ChannelKind::kPrivate});
    membership_.CommitGuest(kWorkspace, kGuest, {kChannel});
  }

  ChannelRights Load() {
    const MemberRights member = follower_.Load(kWorkspace, kGuest, kPatience).value();
    return follower_.LoadChannel(member, kChannel, kPatience).value();
  }

  void Publish(const Entries& entries) {
    ASSERT_TRUE(bus_.Publish(RightsSubject(entries.shard), signer_.SealEntries(entries)).ok());
  }

  bool MayPost(const ChannelRights& rights) {
    return !Decide(rights, rights::Action::kPost, clock_.Boot()).refusal.has_value();
  }

  template <typename Condition>
  bool Await(Condition condition) {
    const absl::Time deadline = absl::Now() + kPatience;
    while (!condition() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(2));
    return condition();
  }

  const Clock& clock_ = SystemClock();
  SimulatedMembership membership_{clock_, kShard};
  nats::SimulatedBus bus_;
  const Signer signer_{Keys{{"k1", std::string(32, 's')}}};
  Feed feed_;
  Follower follower_{feed_, bus_, membership_, signer_, clock_};
};

TEST_F(FollowerTest, LoadsAndFollowsByTheBus) {
  ASSERT_TRUE(follower_.Start().ok());
  const ChannelRights guest = Load();
  EXPECT_TRUE(MayPost(guest));
  EXPECT_TRUE(follower_.ready().ok()) << follower_.ready();
  Publish(membership_.CommitNoMember(kWorkspace, kGuest));
  EXPECT_FALSE(MayPost(guest));
}

TEST_F(FollowerTest, HeadsRepairWhatTheBusLost) {
  bus_.SetConnected(false);
  ASSERT_TRUE(follower_.Start().ok());
  const ChannelRights guest = Load();
  membership_.CommitNoMember(kWorkspace, kGuest);
  EXPECT_TRUE(Await([&] { return !MayPost(guest); }));
  EXPECT_EQ(DecideEntry(guest.member(), true, clock_.Boot()).refusal, rights::Refusal::kNoMember);
}

TEST_F(FollowerTest, WithoutMembershipItIsNotReadyLoadsFailAndLeasesRunOut) {
  membership_.SetReachable(false);
  ASSERT_TRUE(follower_.Start().ok());
  EXPECT_FALSE(follower_.ready().ok());
  const auto refused = follower_.Load(kWorkspace, kGuest, absl::Milliseconds(50));
  EXPECT_TRUE(HasReason(refused.status(), Reason::kRightsStale)) << refused.status();
  membership_.SetReachable(true);
  const ChannelRights guest = Load();
  ASSERT_TRUE(Await([&] { return MayPost(guest) && follower_.ready().ok(); }));
  membership_.SetReachable(false);
  EXPECT_TRUE(Await([&] {
    return Decide(guest, rights::Action::kPost, clock_.Boot()).refusal == rights::Refusal::kRightsStale;
  }));
  EXPECT_FALSE(Decide(guest, rights::Action::kRead, clock_.Boot()).refusal.has_value());
  EXPECT_TRUE(Await([&] { return !follower_.ready().ok(); }));
}

TEST_F(FollowerTest, ANewEpochIsReadAnew) {
  ASSERT_TRUE(follower_.Start().ok());
  const ChannelRights guest = Load();
  membership_.BeginEpoch("epoch-2");
  membership_.CommitNoMember(kWorkspace, kGuest);
  EXPECT_TRUE(Await([&] { return feed_.epoch() == "epoch-2" && guest.member().state().known; }));
  EXPECT_FALSE(MayPost(guest));
  membership_.CommitGuest(kWorkspace, kGuest, {kChannel});
  EXPECT_TRUE(Await([&] { return MayPost(guest); }));
}

TEST_F(FollowerTest, ATruncatedLogIsReadAnew) {
  ASSERT_TRUE(follower_.Start().ok());
  const ChannelRights guest = Load();
  membership_.CommitGuest(kWorkspace, TestId<UserId>(5), {});
  membership_.Prune(4);
  membership_.CommitNoMember(kWorkspace, kGuest);
  EXPECT_TRUE(Await([&] { return feed_.applied(kShard) == 5; }));
  EXPECT_FALSE(MayPost(guest));
}

TEST_F(FollowerTest, AWorkspaceThatNeverWasHasNoMembers) {
  ASSERT_TRUE(follower_.Start().ok());
  const auto refused = follower_.Load(TestId<WorkspaceId>(99), kGuest, kPatience);
  EXPECT_TRUE(HasReason(refused.status(), Reason::kRoleTooLow)) << refused.status();
}

TEST_F(FollowerTest, LoadsAtOnceShareCalls) {
  std::vector<std::thread> loading;
  for (int i = 0; i < 50; ++i) {
    loading.emplace_back(
        [&, i] { EXPECT_TRUE(follower_.Load(kWorkspace, TestId<UserId>(100 + i), kPatience).ok()); });
  }
  absl::SleepFor(absl::Milliseconds(20));
  ASSERT_TRUE(follower_.Start().ok());
  for (std::thread& thread : loading) thread.join();
  EXPECT_LT(membership_.batches(), 25);
}

TEST_F(FollowerTest, StoppingAnswersWhoWaits) {
  membership_.SetReachable(false);
  ASSERT_TRUE(follower_.Start().ok());
  std::thread loading([&] {
    const auto refused = follower_.Load(kWorkspace, kGuest, absl::InfiniteDuration());
    EXPECT_TRUE(HasReason(refused.status(), Reason::kRightsStale));
  });
  absl::SleepFor(absl::Milliseconds(20));
  follower_.Stop();
  loading.join();
  EXPECT_FALSE(follower_.Load(kWorkspace, kGuest, kPatience).ok());
}

TEST_F(FollowerTest, WhatIsNotGenuineIsCountedAndWithoutEffect) {
  ASSERT_TRUE(follower_.Start().ok());
  const ChannelRights guest = Load();
  const Signer stranger(Keys{{"k1", std::string(32, 'x')}});
  const Entries entries{
      .epoch = feed_.epoch(),
      .shard = kShard,
      .entries = {{.n = 4, .object = rights::MemberState{.workspace = kWorkspace, .user = kGuest}}}};
  ASSERT_TRUE(bus_.Publish(RightsSubject(kShard), stranger.SealEntries(entries)).ok());
  EXPECT_EQ(follower_.refused_messages(), 1u);
  EXPECT_TRUE(MayPost(guest));
}

TEST_F(FollowerTest, AListenerHearsEachGenuineEntry) {
  std::vector<uint64_t> heard;
  const auto listener = Listener::Start(bus_, signer_, [&](uint32_t shard, const rights::Entry& entry) {
    EXPECT_EQ(shard, kShard);
    heard.push_back(entry.n);
  });
  ASSERT_TRUE(listener.ok()) << listener.status();
  Publish(membership_.CommitNoMember(kWorkspace, kGuest));
  Publish(membership_.CommitGuest(kWorkspace, kGuest, {}));
  ASSERT_TRUE(bus_.Publish(RightsSubject(kShard), "junk").ok());
  EXPECT_EQ(heard, (std::vector<uint64_t>{4, 5}));
  EXPECT_EQ((*listener)->refused_messages(), 1u);
}

}  // namespace
}  // namespace guestpass::rights_feed
