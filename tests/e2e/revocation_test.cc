// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/proto_time.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "gtest/gtest.h"
#include "tests/harness/workplace.h"

namespace guestpass::e2e {
namespace {

using harness::Client;
using harness::Received;
using harness::Stack;
using harness::StreamClient;
using membership::v1::MembershipService;
using messaging::v1::ConnectResponse;
using messaging::v1::Goodbye;
using messaging::v1::MessagingService;

constexpr absl::Duration kPatience = absl::Seconds(10);
// The heads interval of 250 ms and two round trips, on a machine that has other work. It is half of a guest's
// write lease, so the lease running out does not pass for it.
constexpr absl::Duration kHeadsRepair = absl::Seconds(1);

// One stack with two gateways for all tests here.
class Revocation : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto started = Stack::Start({.gateways = 2});
    ASSERT_TRUE(started.ok()) << started.status();
    stack_ = *std::move(started);
  }
  static void TearDownTestSuite() { stack_.reset(); }

  void SetUp() override {
    ASSERT_NE(stack_, nullptr);
    auto place = harness::MakeWorkplace(*stack_);
    ASSERT_TRUE(place.ok()) << place.status();
    place_ = *std::move(place);
    const auto guest = harness::AddGuest(*stack_, place_, "gina");
    ASSERT_TRUE(guest.ok()) << guest.status();
    member_ = guest->member();
  }

  // Streams of gina's that receive the closed channel, one at each gateway.
  absl::StatusOr<std::vector<std::unique_ptr<StreamClient>>> StreamsOfBoth() {
    std::vector<std::unique_ptr<StreamClient>> streams;
    for (size_t gateway : {0, 1}) {
      ASSIGN_OR_RETURN(auto stream, stack_->User("gina", gateway).Connect(place_.workspace));
      stream->Subscribe(place_.closed_channel);
      const std::string id = absl::StrCat("first-", gateway);
      RETURN_IF_ERROR(stream->Post(place_.closed_channel, id, "Here I am.").status());
      streams.push_back(std::move(stream));
    }
    return streams;
  }

  absl::Status RemoveGina() {
    membership::v1::DeleteMemberRequest request;
    request.set_name(member_);
    return stack_->User("olga").Call(&MembershipService::Stub::DeleteMember, request).status();
  }

  // How long after its commit the removal came to the stream, which must end with it.
  absl::StatusOr<absl::Duration> RemovalNotice(StreamClient& stream) {
    ASSIGN_OR_RETURN(
        const Received last,
        stream.WaitFor([](const ConnectResponse& frame) { return frame.has_goodbye(); }, kPatience));
    const Goodbye& goodbye = last.frame.goodbye();
    if (goodbye.reason() != Goodbye::REASON_REMOVED || goodbye.reconnect()) {
      return absl::InternalError(goodbye.ShortDebugString());
    }
    ASSIGN_OR_RETURN(const absl::Time recorded, rpc::FromProto("record_time", goodbye.record_time()));
    return last.at - recorded;
  }

  static std::unique_ptr<Stack> stack_;
  harness::Workplace place_;
  std::string member_;
};

std::unique_ptr<Stack> Revocation::stack_;

TEST_F(Revocation, IsSeenOnStreamsOfBothGateways) {
  const auto streams = StreamsOfBoth();
  ASSERT_TRUE(streams.ok()) << streams.status();
  const absl::Status removed = RemoveGina();
  ASSERT_TRUE(removed.ok()) << removed;
  for (const auto& stream : *streams) {
    const auto notice = RemovalNotice(*stream);
    ASSERT_TRUE(notice.ok()) << notice.status();
    EXPECT_LT(*notice, kHeadsRepair);
    std::printf("commit to notice: %s\n", absl::FormatDuration(*notice).c_str());
  }
  for (size_t gateway : {0, 1}) {
    const auto again = stack_->User("gina", gateway).Connect(place_.workspace);
    EXPECT_TRUE(HasReason(again.status(), Reason::kRoleTooLow)) << again.status();
  }
}

TEST_F(Revocation, WithoutNatsTheHeadsRepairIt) {
  const auto streams = StreamsOfBoth();
  ASSERT_TRUE(streams.ok()) << streams.status();
  stack_->nats().Stop();
  const absl::Status removed = RemoveGina();
  ASSERT_TRUE(removed.ok()) << removed;
  for (const auto& stream : *streams) {
    const auto notice = RemovalNotice(*stream);
    ASSERT_TRUE(notice.ok()) << notice.status();
    EXPECT_LT(*notice, kHeadsRepair);
    std::printf("commit to notice, without NATS: %s\n", absl::FormatDuration(*notice).c_str());
  }
  const absl::Status restarted = stack_->nats().Restart();
  ASSERT_TRUE(restarted.ok()) << restarted;
}

TEST_F(Revocation, MessagesGoFromOneGatewayToTheOtherAndEachIsStoredOnce) {
  const auto streams = StreamsOfBoth();
  ASSERT_TRUE(streams.ok()) << streams.status();
  const auto one = (*streams)[0]->Post(place_.closed_channel, "same", "Sent twice.");
  const auto other = (*streams)[1]->Post(place_.closed_channel, "same", "Sent twice.");
  ASSERT_TRUE(one.ok() && other.ok()) << one.status() << other.status();
  EXPECT_EQ(one->number(), 3);
  EXPECT_EQ(other->number(), 3);
  for (const auto& stream : *streams) {
    for (uint64_t number : {1, 2, 3}) {
      const auto event = stream->WaitFor(
          [&](const ConnectResponse& frame) { return frame.has_event() && frame.event().number() == number; },
          kPatience);
      EXPECT_TRUE(event.ok()) << event.status();
    }
  }
  messaging::v1::ListMessagesRequest request;
  request.set_parent(place_.closed_channel);
  const auto history = stack_->User("olga").Call(&MessagingService::Stub::ListMessages, request);
  ASSERT_TRUE(history.ok()) << history.status();
  EXPECT_EQ(history->messages_size(), 3);
}

}  // namespace
}  // namespace guestpass::e2e
