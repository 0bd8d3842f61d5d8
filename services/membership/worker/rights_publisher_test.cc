// SPDX-License-Identifier: Apache-2.0
#include "services/membership/worker/rights_publisher.h"

#include "common/nats/simulated_bus.h"
#include "gtest/gtest.h"

namespace guestpass::membership {
namespace {

class RightsPublisherTest : public testing::Test {
 protected:
  RightsPublisherTest() { bus_.Hold(true); }

  // A commit of guests with as many grants as a guest can have.
  static CommittedEntries Commit(int guests) {
    CommittedEntries committed{.epoch = "epoch", .shard = 7};
    for (int i = 0; i < guests; ++i) {
      committed.entries.push_back(
          {.n = static_cast<uint64_t>(i) + 1,
           .record_time = absl::FromUnixSeconds(1),
           .effective_time = absl::FromUnixSeconds(1),
           .object = rights::MemberState{
               .workspace = *WorkspaceId::Parse(std::string(26, 'w')),
               .user = *UserId::Parse(std::string(26, 'u')),
               .role = rights::Role::kGuest,
               .grants = std::vector<ChannelId>(100, *ChannelId::Parse(std::string(26, 'c')))}});
    }
    return committed;
  }

  nats::SimulatedBus bus_;
  rights_feed::Signer signer_{{{"key", std::string(32, 's')}}};
  RightsPublisher publisher_{bus_, signer_};
};

TEST_F(RightsPublisherTest, ACommitIsOneSealedMessageOnItsShardsSubject) {
  publisher_.OnCommit(Commit(3));
  const auto messages = bus_.TakeHeld();
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0].subject, "guestpass.rights.7");
  const auto entries = signer_.OpenEntries(messages[0].subject, messages[0].bytes);
  ASSERT_TRUE(entries.ok()) << entries.status();
  EXPECT_EQ(entries->epoch, "epoch");
  ASSERT_EQ(entries->entries.size(), 3u);
  EXPECT_EQ(entries->entries[2].n, 3u);
  EXPECT_EQ(entries->entries[2].object, Commit(3).entries[2].object);
}

TEST_F(RightsPublisherTest, ALargeCommitIsSplitInOrderAndLosesNothing) {
  publisher_.OnCommit(Commit(250));
  const auto messages = bus_.TakeHeld();
  EXPECT_GT(messages.size(), 1u);
  uint64_t n = 0;
  for (const auto& message : messages) {
    EXPECT_LT(message.bytes.size(), 300u << 10);
    const auto entries = signer_.OpenEntries(message.subject, message.bytes);
    ASSERT_TRUE(entries.ok()) << entries.status();
    for (const rights::Entry& entry : entries->entries) EXPECT_EQ(entry.n, ++n);
  }
  EXPECT_EQ(n, 250u);
}

TEST_F(RightsPublisherTest, WithoutAConnectionNothingIsKeptForLater) {
  bus_.SetConnected(false);
  publisher_.OnCommit(Commit(1));
  bus_.SetConnected(true);
  EXPECT_TRUE(bus_.TakeHeld().empty());
}

}  // namespace
}  // namespace guestpass::membership
