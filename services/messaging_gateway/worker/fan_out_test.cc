// SPDX-License-Identifier: Apache-2.0
#include "services/messaging_gateway/worker/fan_out.h"

#include "common/nats/simulated_bus.h"
#include "gtest/gtest.h"

namespace guestpass::messaging {
namespace {

using rights_feed::MessagesSubject;
using rights_feed::Signer;

Message Sample(uint32_t shard, uint64_t number) {
  return {.workspace = *WorkspaceId::Parse("wwwwwwwwwwwwwwwwwwwwwwwwww"),
          .channel = *ChannelId::Parse("cccccccccccccccccccccccccc"),
          .number = number,
          .author = *UserId::Parse("uuuuuuuuuuuuuuuuuuuuuuuuuu"),
          .client_message_id = "id",
          .text = "text",
          .create_time = absl::FromUnixMicros(1'800'000'000'000'001),
          .revision = {.epoch = "e", .shard = shard, .n = 7}};
}

class FanOutTest : public testing::Test {
 protected:
  nats::SimulatedBus bus_;
  const Signer ours_{{{"k", std::string(32, 'k')}}};
  std::vector<Message> received_;
  FanOut fan_out_{bus_, ours_, [this](std::vector<Message> messages) {
                    received_.insert(received_.end(), messages.begin(), messages.end());
                  }};
  FanOut other_{bus_, ours_, [](const std::vector<Message>&) {}};  // another gateway's
};

TEST_F(FanOutTest, AMessageArrivesAsItWasStoredOnTheShardsThatAreFollowed) {
  ASSERT_TRUE(fan_out_.Follow(3).ok());
  ASSERT_TRUE(fan_out_.Follow(3).ok());
  other_.Send({Sample(3, 1), Sample(4, 1), Sample(3, 2)});
  other_.Drain();
  ASSERT_EQ(received_.size(), 2u);
  const Message want = Sample(3, 2);
  EXPECT_EQ(received_[1].number, want.number);
  EXPECT_EQ(received_[1].workspace, want.workspace);
  EXPECT_EQ(received_[1].channel, want.channel);
  EXPECT_EQ(received_[1].author, want.author);
  EXPECT_EQ(received_[1].text, want.text);
  EXPECT_EQ(received_[1].client_message_id, want.client_message_id);
  EXPECT_EQ(received_[1].create_time, want.create_time);
  EXPECT_EQ(received_[1].revision, want.revision);
}

TEST_F(FanOutTest, ItsOwnGatewayIsToldAtOnceThoughNobodyFollowsAndTheBusIsAway) {
  bus_.SetConnected(false);
  fan_out_.Send({Sample(3, 1)});
  EXPECT_EQ(received_.size(), 1u);
}

TEST_F(FanOutTest, WhatNoGatewaySignedForThatShardIsDropped) {
  ASSERT_TRUE(fan_out_.Follow(3).ok());
  bus_.Hold(true);
  other_.Send({Sample(4, 1)});
  other_.Drain();
  auto held = bus_.TakeHeld();
  ASSERT_EQ(held.size(), 1u);
  bus_.Deliver({.subject = MessagesSubject(3), .bytes = held[0].bytes});  // replayed on another shard
  const Signer strangers({{"k", std::string(32, 'x')}});
  bus_.Deliver({.subject = MessagesSubject(3), .bytes = strangers.Seal(MessagesSubject(3), "body")});
  bus_.Deliver({.subject = MessagesSubject(3), .bytes = "noise"});
  EXPECT_TRUE(received_.empty());
}

}  // namespace
}  // namespace guestpass::messaging
