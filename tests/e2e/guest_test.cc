// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/rpc/proto_time.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "tests/harness/stream_client.h"
#include "tests/harness/workplace.h"

namespace guestpass::e2e {
namespace {

using guestexpiry::v1::GuestExpiryService;
using harness::Received;
using harness::Stack;
using messaging::v1::ConnectResponse;
using messaging::v1::Goodbye;
using messaging::v1::MessagingService;

constexpr absl::Duration kPatience = absl::Seconds(10);

// One stack for all tests here, a workplace for each.
class Guest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto started = Stack::Start();
    ASSERT_TRUE(started.ok()) << started.status();
    stack_ = *std::move(started);
  }
  static void TearDownTestSuite() { stack_.reset(); }

  void SetUp() override { ASSERT_NE(stack_, nullptr); }

  harness::Workplace Place(absl::Duration grace = absl::Hours(24)) {
    auto place = harness::MakeWorkplace(*stack_, grace);
    EXPECT_TRUE(place.ok()) << place.status();
    return place.ok() ? *std::move(place) : harness::Workplace();
  }

  absl::Status List(absl::string_view user, const std::string& channel) {
    messaging::v1::ListMessagesRequest request;
    request.set_parent(channel);
    return stack_->User(user).Call(&MessagingService::Stub::ListMessages, request).status();
  }

  static std::unique_ptr<Stack> stack_;
};

std::unique_ptr<Stack> Guest::stack_;

// All of an error but the channel that was asked for.
std::string Answered(const absl::Status& status) {
  const auto details = DetailsOf(status);
  if (!details.has_value()) return status.ToString();
  std::string text = absl::StrCat(status.message(), " ", ReasonName(details->reason));
  for (const auto& [key, value] : details->metadata) {
    absl::StrAppend(&text, " ", key, "=", key == "channel" ? "" : value);
  }
  return text;
}

TEST_F(Guest, WhatItMayNotReachIsAnsweredAlikeWhetherOrNotItExists) {
  const harness::Workplace place = Place();
  const auto hidden = harness::MakePrivateChannel(*stack_, place, "hidden");
  ASSERT_TRUE(hidden.ok()) << hidden.status();
  ASSERT_TRUE(harness::AddGuest(*stack_, place, "gina").ok());
  const auto stream = stack_->User("gina").Connect(place.workspace);
  ASSERT_TRUE(stream.ok()) << stream.status();
  ASSERT_TRUE((*stream)->Post(place.closed_channel, "granted", "Here I may.").ok());

  const std::string nowhere = place.workspace + "/channels/" + std::string(26, 'x');
  const absl::Status read = List("gina", nowhere);
  EXPECT_TRUE(HasReason(read, Reason::kChannelNotFound)) << read;
  const absl::Status written = (*stream)->Post(nowhere, "nowhere", "Hello?").status();
  EXPECT_TRUE(HasReason(written, Reason::kChannelOutOfScope)) << written;
  for (const std::string& channel : {place.open_channel, *hidden}) {
    EXPECT_EQ(Answered(List("gina", channel)), Answered(read));
    EXPECT_EQ(Answered((*stream)->Post(channel, channel.substr(channel.size() - 26), "Hello?").status()),
              Answered(written));
    EXPECT_TRUE(List("olga", channel).ok());
  }
}

TEST_F(Guest, WithoutGraceItsStreamClosesAtItsTimeAndAnAdminCanReactivateIt) {
  const harness::Workplace place = Place(absl::ZeroDuration());
  const auto guest = harness::AddGuest(*stack_, place, "gina", absl::Seconds(2));
  ASSERT_TRUE(guest.ok()) << guest.status();
  const absl::Time expire_time = *rpc::FromProto("", guest->guest_expire_time());
  const auto stream = stack_->User("gina").Connect(place.workspace);
  ASSERT_TRUE(stream.ok()) << stream.status();
  const auto goodbye =
      (*stream)->WaitFor([](const ConnectResponse& frame) { return frame.has_goodbye(); }, kPatience);
  ASSERT_TRUE(goodbye.ok()) << goodbye.status();
  EXPECT_EQ(goodbye->frame.goodbye().reason(), Goodbye::REASON_GUEST_ENDED);
  EXPECT_FALSE(goodbye->frame.goodbye().reconnect());
  EXPECT_LT(absl::AbsDuration(goodbye->at - expire_time), absl::Seconds(1));
  EXPECT_FALSE(absl::IsDeadlineExceeded((*stream)->WaitForEnd(kPatience)));
  const absl::Status back = stack_->User("gina").Connect(place.workspace).status();
  EXPECT_TRUE(HasReason(back, Reason::kGuestEnded)) << back;
  EXPECT_TRUE(HasReason(List("gina", place.closed_channel), Reason::kGuestEnded));

  guestexpiry::v1::ExtendExpirationRequest request;
  request.set_name(guest->member() + "/expiration");
  *request.mutable_ttl() = rpc::ToProto(absl::Hours(1));
  const auto extended = stack_->User("olga").Call(&GuestExpiryService::Stub::ExtendExpiration, request);
  ASSERT_TRUE(extended.ok()) << extended.status();
  const auto again = stack_->User("gina").Connect(place.workspace);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE((*again)->Post(place.closed_channel, "again", "Here I am again.").ok());
}

TEST_F(Guest, WhoComesBackGetsEveryMessageSinceOnceAndInOrder) {
  const harness::Workplace place = Place();
  ASSERT_TRUE(harness::AddGuest(*stack_, place, "gina").ok());
  const auto olgas = stack_->User("olga").Connect(place.workspace);
  ASSERT_TRUE(olgas.ok()) << olgas.status();
  constexpr uint64_t kStored = 300, kSeen = 40, kLive = 20;
  for (uint64_t i = 1; i <= kStored; ++i) {
    ASSERT_TRUE((*olgas)->Post(place.closed_channel, absl::StrCat(i), "Stored.").ok());
  }
  absl::Mutex mutex;
  std::vector<uint64_t> numbers;
  const auto take = [&](const Received& received) {
    absl::MutexLock lock(&mutex);
    if (received.frame.has_event()) numbers.push_back(received.frame.event().number());
  };
  const auto ginas = harness::StreamClient::Open(stack_->addresses().gateways[0],
                                                 stack_->Token("gina", {.email = "gina@example.com"}),
                                                 place.workspace, take);
  ASSERT_TRUE(ginas.ok()) << ginas.status();
  ASSERT_TRUE((*ginas)->Subscribe(place.closed_channel, kSeen));
  for (uint64_t i = kStored + 1; i <= kStored + kLive; ++i) {
    ASSERT_TRUE((*olgas)->Post(place.closed_channel, absl::StrCat(i), "While it catches up.").ok());
  }
  std::vector<uint64_t> expected;
  for (uint64_t number = kSeen + 1; number <= kStored + kLive; ++number) expected.push_back(number);
  absl::MutexLock lock(&mutex);
  const auto all_came = [&] { return numbers.size() >= expected.size(); };
  mutex.AwaitWithTimeout(absl::Condition(&all_came), kPatience);
  EXPECT_EQ(numbers, expected);
}

TEST_F(Guest, AnOperatorIsNoMemberAndHasNoStream) {
  const harness::Workplace place = Place();
  const absl::Status refused = stack_->Operator("oscar").Connect(place.workspace).status();
  EXPECT_TRUE(HasReason(refused, Reason::kRoleTooLow)) << refused;
}

}  // namespace
}  // namespace guestpass::e2e
