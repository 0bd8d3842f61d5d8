// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/postgres/session.h"
#include "common/rpc/proto_time.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "tests/harness/eventually.h"
#include "tests/harness/workplace.h"

namespace guestpass::faults {
namespace {

using harness::Stack;
using messaging::v1::MessagingService;

constexpr absl::Duration kTtl = absl::Seconds(3);
constexpr absl::Duration kPatience = absl::Seconds(10);
constexpr char kDatabase[] = "guestpass_messaging";

constexpr char kHoldHead[] = "SELECT number FROM channel_heads WHERE channel = $1 FOR UPDATE";
constexpr char kWriterWaits[] = R"sql(
  SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
)sql";
constexpr char kNow[] = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

// A guest with a message stored, another one decided and waiting in storage behind a transaction of ours, and
// the guest's deadline to come.
class HeldHead : public testing::TestWithParam<bool> {
 protected:
  static void SetUpTestSuite() {
    auto started = Stack::Start();
    ASSERT_TRUE(started.ok()) << started.status();
    stack_ = *std::move(started);
  }
  static void TearDownTestSuite() { stack_.reset(); }

  void SetUp() override {
    ASSERT_NE(stack_, nullptr);
    auto place = harness::MakeWorkplace(*stack_);
    ASSERT_TRUE(place.ok()) << place.status();
    place_ = *std::move(place);
    holder_ = Connect();
    watcher_ = Connect();
    ASSERT_TRUE(holder_ != nullptr && watcher_ != nullptr);
  }

  static std::unique_ptr<postgres::Session> Connect() {
    auto session = postgres::Session::Connect({.conninfo = stack_->postgres().conninfo(kDatabase)});
    return session.ok() ? *std::move(session) : nullptr;
  }

  bool WriterWaits() {
    const auto waiting = watcher_->Run(kWriterWaits);
    EXPECT_TRUE(waiting.ok()) << waiting.status();
    return waiting.ok() && waiting->rows() > 0;
  }

  absl::Time DatabaseNow() {
    const auto now = watcher_->Run(kNow);
    EXPECT_TRUE(now.ok()) << now.status();
    return now.ok() ? now->Time(0, 0) : absl::InfinitePast();
  }

  void HoldHead() {
    const std::string& channel = place_.closed_channel;
    ASSERT_TRUE(holder_->Script("BEGIN").ok());
    const auto held = holder_->Run(kHoldHead, postgres::Params::Of(channel.substr(channel.rfind('/') + 1)));
    ASSERT_TRUE(held.ok()) << held.status();
    ASSERT_EQ(held->rows(), 1);
  }

  static std::unique_ptr<Stack> stack_;
  harness::Workplace place_;
  std::unique_ptr<postgres::Session> holder_, watcher_;
};

std::unique_ptr<Stack> HeldHead::stack_;

TEST_P(HeldHead, APostThatWaitsInStorageAcrossTheDeadlineIsNotStored) {
  const bool freeze = GetParam();
  const auto guest = harness::AddGuest(*stack_, place_, "gina", kTtl);
  ASSERT_TRUE(guest.ok()) << guest.status();
  const absl::Time expire_time = *rpc::FromProto("", guest->guest_expire_time());
  const auto stream = stack_->User("gina").Connect(place_.workspace);
  ASSERT_TRUE(stream.ok()) << stream.status();
  const auto stored = (*stream)->Post(place_.closed_channel, "stored", "In time.");
  ASSERT_TRUE(stored.ok()) << stored.status();

  ASSERT_NO_FATAL_FAILURE(HoldHead());
  ASSERT_TRUE((*stream)->StartPost(place_.closed_channel, "held", "Decided in time, stored never."));
  ASSERT_TRUE(harness::Eventually(kPatience, [&] { return WriterWaits(); }));
  ASSERT_LT(DatabaseNow(), expire_time) << "the machine was too slow: the post was not decided in time";
  if (freeze) stack_->gateway(0).Freeze();
  ASSERT_TRUE(harness::Eventually(kTtl + kPatience, [&] { return DatabaseNow() > expire_time; }));
  ASSERT_TRUE(WriterWaits());
  ASSERT_TRUE(holder_->Script("COMMIT").ok());
  ASSERT_TRUE(harness::Eventually(kPatience, [&] { return !WriterWaits(); }));
  if (freeze) stack_->gateway(0).Thaw();

  const auto held = (*stream)->Result("held", kPatience);
  EXPECT_TRUE(HasReason(held.status(), Reason::kGuestSoftLocked)) << held.status();
  messaging::v1::ListMessagesRequest request;
  request.set_parent(place_.closed_channel);
  const auto history = stack_->User("olga").Call(&MessagingService::Stub::ListMessages, request);
  ASSERT_TRUE(history.ok()) << history.status();
  ASSERT_EQ(history->messages_size(), 1) << history->ShortDebugString();
  EXPECT_EQ(history->messages(0).client_message_id(), "stored");
  EXPECT_LT(*rpc::FromProto("", history->messages(0).create_time()), expire_time);
}

INSTANTIATE_TEST_SUITE_P(GatewayFrozenMeanwhile, HeldHead, testing::Bool());

}  // namespace
}  // namespace guestpass::faults
