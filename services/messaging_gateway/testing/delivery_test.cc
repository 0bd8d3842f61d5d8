// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/messaging_gateway/storage/postgres/pg_message_writer.h"
#include "services/messaging_gateway/testing/one_gateway.h"

namespace guestpass::messaging {
namespace {

class DeliveryTest : public OneGateway {
 protected:
  // Numbers of the events that a stream has had, in order.
  static std::vector<uint64_t> Numbers(harness::StreamClient& stream, uint64_t last) {
    std::vector<uint64_t> numbers;
    const auto until_last = [&](const v1::ConnectResponse& frame) {
      if (frame.has_event()) numbers.push_back(frame.event().number());
      return frame.has_event() && frame.event().number() == last;
    };
    EXPECT_TRUE(stream.WaitFor(until_last, absl::Seconds(10)).ok());
    return numbers;
  }

  // A message as another gateway stores it, telling nobody.
  uint64_t StoreElsewhere(const ChannelId& channel, const std::string& id, uint64_t rights_n = 0,
                          const std::string& epoch = "epoch-1") {
    PgMessageWriter writer({.conninfo = database_.conninfo()}, std::make_shared<AnchoredClock>(), clock_);
    const auto stored = writer.Append({{.workspace = kWorkspace,
                                        .channel = channel,
                                        .author = User("elsewhere"),
                                        .client_message_id = id,
                                        .text = "hello",
                                        .revision = {.epoch = epoch, .shard = kShard, .n = rights_n},
                                        .expire_time = absl::InfiniteFuture(),
                                        .lease_end = clock_.Boot() + absl::Seconds(10)}});
    EXPECT_TRUE(stored.ok()) << stored.status();
    return stored->front().number;
  }

  // The user is removed and an author has seen it; this gateway has not: the bus lost the entry, and
  // membership cannot be reached.
  void RemoveUnheardAndStoreAfter(const std::string& name) {
    membership_.SetReachable(false);
    Change(rights::MemberState{.workspace = kWorkspace, .user = User(name)}, /*tell=*/false);
    EXPECT_EQ(StoreElsewhere(kPlans, "after the removal", membership_.head()), 2u);
  }

  static void ExpectGoodbyeWithoutTheSecond(harness::StreamClient& stream) {
    const auto goodbye = stream.WaitFor(
        [](const v1::ConnectResponse& frame) {
          EXPECT_FALSE(frame.has_event() && frame.event().number() == 2) << "delivered to who was removed";
          return frame.has_goodbye();
        },
        absl::Seconds(10));
    ASSERT_TRUE(goodbye.ok()) << goodbye.status();
    EXPECT_EQ(goodbye->frame.goodbye().reason(), v1::Goodbye::REASON_REMOVED);
  }
};

std::vector<uint64_t> UpTo(uint64_t first, uint64_t last) {
  std::vector<uint64_t> numbers;
  for (uint64_t n = first; n <= last; ++n) numbers.push_back(n);
  return numbers;
}

TEST_F(DeliveryTest, WhoComesBackIsReplayedEveryEventSinceEachOnceAndGoesOnLive) {
  JoinGuest("gina");
  const auto writer = *Connect("gina");
  for (int i = 1; i <= 300; ++i) ASSERT_TRUE(PostError(*writer, kPlans, absl::StrCat(i)).ok());
  const auto reader = *Connect("gina");
  ASSERT_TRUE(reader->Subscribe(NameOf(kPlans), 7));
  ASSERT_TRUE(AwaitEvent(*reader, 300).ok());
  ASSERT_TRUE(PostError(*writer, kPlans, "live").ok());
  EXPECT_EQ(Numbers(*reader, 301), UpTo(8, 301));
}

TEST_F(DeliveryTest, WhatAnotherGatewayStoredAndTheBusLostIsReadFromTheTable) {
  JoinGuest("gina");
  const auto reader = *Connect("gina");
  ASSERT_TRUE(reader->Subscribe(NameOf(kPlans)));
  EXPECT_EQ(StoreElsewhere(kPlans, "lost"), 1u);
  EXPECT_EQ(Numbers(*reader, 1), UpTo(1, 1));
  EXPECT_EQ(StoreElsewhere(kPlans, "lost too"), 2u);
  ASSERT_TRUE(PostError(*reader, kPlans, "after").ok());
  EXPECT_EQ(Numbers(*reader, 3), UpTo(1, 3));
}

TEST_F(DeliveryTest, AMessageWaitsForTheRightsThatItsAuthorsGatewayKnew) {
  JoinGuest("gina");
  const auto reader = *Connect("gina");
  ASSERT_TRUE(reader->Subscribe(NameOf(kPlans)));
  ASSERT_TRUE(PostError(*reader, kPlans, "first").ok());
  ASSERT_TRUE(AwaitEvent(*reader, 1).ok());
  RemoveUnheardAndStoreAfter("gina");
  membership_.SetReachable(true);
  ExpectGoodbyeWithoutTheSecond(*reader);
}

TEST_F(DeliveryTest, SoDoesAMessageOfTheHistory) {
  JoinGuest("gina");
  const auto reader = *Connect("gina");
  ASSERT_TRUE(PostError(*reader, kPlans, "first").ok());
  RemoveUnheardAndStoreAfter("gina");
  ASSERT_TRUE(reader->Subscribe(NameOf(kPlans)));
  ASSERT_TRUE(AwaitEvent(*reader, 1).ok());
  membership_.SetReachable(true);
  ExpectGoodbyeWithoutTheSecond(*reader);
}

TEST_F(DeliveryTest, WhatMayNotBeReadIsPassedOverAndTheRestGoesOn) {
  JoinGuest("gina", {kPlans, kOffice});
  JoinMember("mia");
  const auto reader = *Connect("gina");
  const auto mia = *Connect("mia");
  for (const auto* stream : {&reader, &mia}) ASSERT_TRUE((*stream)->Subscribe(NameOf(kOffice)));
  ASSERT_TRUE(PostError(*mia, kOffice, "1").ok());
  ASSERT_TRUE(AwaitEvent(*reader, 1).ok());
  Change(Guest("gina", {kPlans}));
  EXPECT_TRUE(HasReason(PostError(*reader, kOffice, "x"), Reason::kChannelOutOfScope));
  ASSERT_TRUE(PostError(*mia, kOffice, "2").ok());
  ASSERT_TRUE(AwaitEvent(*mia, 2).ok());
  live_.hubs.OnProgress(kShard);  // whoever has not been told of it yet looks at it now
  Change(Guest("gina", {kPlans, kOffice}));
  ASSERT_TRUE(PostError(*mia, kOffice, "3").ok());
  EXPECT_EQ(Numbers(*reader, 3), (std::vector<uint64_t>{1, 3}));
}

TEST_F(DeliveryTest, MessagesOfEpochsThatArePastAreReplayedAndListed) {
  JoinGuest("gina");
  for (int i = 1; i <= 20; ++i) StoreElsewhere(kPlans, absl::StrCat(i), 1'000, absl::StrCat("older-", i));
  const auto reader = *Connect("gina");
  ASSERT_TRUE(reader->Subscribe(NameOf(kPlans)));
  EXPECT_EQ(Numbers(*reader, 20), UpTo(1, 20));
  v1::ListMessagesRequest request;
  request.set_parent(NameOf(kPlans));
  const auto listed = List("gina", request);
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_EQ(listed->messages_size(), 20);
}

TEST_F(DeliveryTest, APageOfMessagesEndsByNumberAndBySize) {
  JoinGuest("gina");
  const auto writer = *Connect("gina");
  const std::string large(40'000 / 4, 'x');
  for (int i = 1; i <= 120; ++i) {
    ASSERT_TRUE(writer->Post(NameOf(kPlans), absl::StrCat(i), large, absl::Seconds(10)).ok());
  }
  v1::ListMessagesRequest request;
  request.set_parent(NameOf(kPlans));
  request.set_page_size(1000);
  int pages = 0, messages = 0;
  do {
    const auto page = List("gina", request);
    ASSERT_TRUE(page.ok()) << page.status();
    ++pages;
    messages += page->messages_size();
    request.set_after(page->next_after());
  } while (request.after() != 0);
  EXPECT_EQ(messages, 120);
  EXPECT_EQ(pages, 2);
  request.set_page_size(1001);
  EXPECT_TRUE(HasReason(List("gina", request).status(), Reason::kFieldInvalid));
}

TEST_F(DeliveryTest, AClientThatGoesAwayBeforeItsHelloIsTakenLeavesNothingBehind) {
  JoinGuest("gina");
  absl::Notification release;
  Occupy(release);
  {
    grpc::ClientContext context;
    const auto stub = v1::MessagingService::NewStub(Dial());
    const auto stream = stub->Connect(&context);
    v1::ConnectRequest hello;
    hello.mutable_hello()->set_workspace(ToName(kWorkspace));
    ASSERT_TRUE(stream->Write(hello));
    context.TryCancel();
    stream->Finish();
  }
  release.Notify();
  const auto after = Connect("gina");
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_TRUE(PostError(**after, kPlans, "1").ok());
}

TEST_F(DeliveryTest, SubscribingAgainBeginsAnewAndBeyondTheEndIsRefused) {
  JoinGuest("gina");
  const auto stream = *Connect("gina");
  for (const char* id : {"1", "2", "3"}) ASSERT_TRUE(PostError(*stream, kPlans, id).ok());
  ASSERT_TRUE(stream->Subscribe(NameOf(kPlans), 2));
  ASSERT_TRUE(AwaitEvent(*stream, 3).ok());
  ASSERT_TRUE(stream->Subscribe(NameOf(kPlans), 0));
  ASSERT_TRUE(AwaitEvent(*stream, 2).ok());
  ASSERT_TRUE(PostError(*stream, kPlans, "4").ok());
  EXPECT_EQ(Numbers(*stream, 4), (std::vector<uint64_t>{3, 1, 2, 3, 4}));
  const size_t from = stream->received();
  ASSERT_TRUE(stream->Subscribe(NameOf(kPlans), 5));
  const auto refused =
      stream->WaitFor([](const auto& frame) { return frame.has_write_result(); }, absl::Seconds(10), from);
  ASSERT_TRUE(refused.ok());
  EXPECT_EQ(refused->frame.write_result().error().code(),
            static_cast<int>(absl::StatusCode::kInvalidArgument));
  v1::ListMessagesRequest request;
  request.set_parent(NameOf(kPlans));
  request.set_after(uint64_t{1} << 63);
  EXPECT_EQ(List("gina", request)->messages_size(), 0);
}

TEST_F(DeliveryTest, AChannelThatIsClosedToTheUserAnswersAsOneThatDoesNotExist) {
  JoinGuest("gina");
  const auto stream = *Connect("gina");
  const ChannelId nowhere = rights_feed::TestId<ChannelId>(99);
  for (const ChannelId& channel : {kOffice, nowhere}) {
    EXPECT_TRUE(HasReason(PostError(*stream, channel, channel.ToString()), Reason::kChannelOutOfScope));
    const size_t from = stream->received();
    ASSERT_TRUE(stream->Subscribe(NameOf(channel)));
    const auto refused =
        stream->WaitFor([](const auto& frame) { return frame.has_write_result(); }, absl::Seconds(10), from);
    ASSERT_TRUE(refused.ok());
    EXPECT_EQ(refused->frame.write_result().error().code(), static_cast<int>(absl::StatusCode::kNotFound));
  }
}

}  // namespace
}  // namespace guestpass::messaging
