// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rpc/proto_time.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/messaging_gateway/testing/one_gateway.h"

namespace guestpass::messaging {
namespace {

class RightsTest : public OneGateway {
 protected:
  static absl::StatusOr<harness::Received> AwaitChange(harness::StreamClient& stream, size_t from) {
    return stream.WaitFor([](const auto& frame) { return frame.has_rights_changed(); }, absl::Seconds(10),
                          from);
  }
  static absl::StatusOr<v1::Goodbye> AwaitGoodbye(harness::StreamClient& stream) {
    const auto received =
        stream.WaitFor([](const auto& frame) { return frame.has_goodbye(); }, absl::Seconds(10));
    if (!received.ok()) return received.status();
    EXPECT_TRUE(stream.WaitForEnd(absl::Seconds(10)).ok());
    return received->frame.goodbye();
  }
  static size_t Changes(harness::StreamClient& stream) {
    size_t changes = 0;
    const auto count = [&](const v1::ConnectResponse& frame) {
      changes += frame.has_rights_changed();
      return false;
    };
    (void)stream.WaitFor(count, absl::ZeroDuration());
    return changes;
  }
};

TEST_F(RightsTest, ARemovalEndsEveryStreamOfTheUserAndSaysWhy) {
  JoinGuest("gina");
  const auto one = *Connect("gina");
  const auto two = *Connect("gina");
  Change(rights::MemberState{.workspace = kWorkspace, .user = User("gina")});
  for (const auto* stream : {&one, &two}) {
    const auto goodbye = AwaitGoodbye(**stream);
    ASSERT_TRUE(goodbye.ok()) << goodbye.status();
    EXPECT_EQ(goodbye->reason(), v1::Goodbye::REASON_REMOVED);
    EXPECT_FALSE(goodbye->reconnect());
    EXPECT_TRUE(goodbye->has_record_time());
  }
  EXPECT_TRUE(HasReason(Connect("gina").status(), Reason::kRoleTooLow));
}

TEST_F(RightsTest, AtExpireTimeTheClientIsToldOnceThoughTheTransitionIsRecordedLater) {
  JoinGuest("gina");
  const auto stream = *Connect("gina");
  size_t from = stream->received();
  rights::MemberState guest = Guest("gina", {kPlans});
  guest.expire_time = absl::FromUnixMicros(absl::ToUnixMicros(absl::Now() + absl::Milliseconds(400)));
  guest.access_end_time = guest.expire_time + absl::Hours(1);
  Change(guest);
  ASSERT_TRUE(AwaitChange(*stream, from).ok());
  ASSERT_TRUE(PostError(*stream, kPlans, "in time").ok());
  from = stream->received();
  const auto told = AwaitChange(*stream, from);
  ASSERT_TRUE(told.ok()) << told.status();
  const v1::RightsChanged& change = told->frame.rights_changed();
  EXPECT_EQ(change.reason(), "GUEST_SOFT_LOCKED");
  EXPECT_EQ(*rpc::FromProto("t", change.effective_time()), guest.expire_time);
  EXPECT_FALSE(change.has_record_time());
  EXPECT_TRUE(HasReason(PostError(*stream, kPlans, "late"), Reason::kGuestSoftLocked));
  guest.recorded = rights::GuestState::kSoftLocked;
  Change(guest);
  guest.expire_time = absl::InfiniteFuture();
  guest.access_end_time = absl::InfiniteFuture();
  guest.recorded = rights::GuestState::kActive;
  from = stream->received();
  Change(guest);
  ASSERT_TRUE(AwaitChange(*stream, from).ok());
  EXPECT_TRUE(PostError(*stream, kPlans, "again").ok());
  EXPECT_EQ(Changes(*stream), 3u);
}

TEST_F(RightsTest, AStreamEndsWithItsToken) {
  JoinGuest("gina");
  const auto stream = *Connect("gina", absl::Seconds(2));
  const auto goodbye = AwaitGoodbye(*stream);
  ASSERT_TRUE(goodbye.ok()) << goodbye.status();
  EXPECT_EQ(goodbye->reason(), v1::Goodbye::REASON_TOKEN_EXPIRED);
  EXPECT_TRUE(goodbye->reconnect());
}

TEST_F(RightsTest, AChangeInAnotherWorkspaceIsNoNews) {
  JoinGuest("gina");
  const auto stream = *Connect("gina");
  rights::MemberState elsewhere = Guest("gina", {kPlans});
  elsewhere.workspace = rights_feed::TestId<WorkspaceId>(77);
  Change(elsewhere);
  elsewhere.role.reset();
  Change(elsewhere);
  EXPECT_TRUE(PostError(*stream, kPlans, "still here").ok());
  EXPECT_EQ(Changes(*stream), 0u);
}

TEST_F(RightsTest, WhoseAccessEndsLosesTheStream) {
  JoinGuest("gina");
  const auto stream = *Connect("gina");
  rights::MemberState guest = Guest("gina", {kPlans});
  guest.expire_time = guest.access_end_time = absl::Now() + absl::Milliseconds(200);
  Change(guest);
  const auto goodbye = AwaitGoodbye(*stream);
  ASSERT_TRUE(goodbye.ok()) << goodbye.status();
  EXPECT_EQ(goodbye->reason(), v1::Goodbye::REASON_GUEST_ENDED);
  EXPECT_TRUE(HasReason(Connect("gina").status(), Reason::kGuestEnded));
}

TEST_F(RightsTest, AGuestsWritingFailsClosedWithin2SecondsOfMembershipsSilenceAndComesBack) {
  JoinGuest("gina");
  JoinMember("mia");
  const auto gina = *Connect("gina");
  const auto mia = *Connect("mia");
  ASSERT_TRUE(PostError(*gina, kPlans, "warm").ok());
  ASSERT_TRUE(PostError(*mia, kOffice, "warm").ok());
  membership_.SetReachable(false);
  const absl::Time silent = absl::Now();
  absl::Status refused;
  for (int i = 0; refused.ok() && absl::Now() < silent + absl::Seconds(5); ++i) {
    refused = PostError(*gina, kPlans, absl::StrCat("try ", i));
  }
  EXPECT_TRUE(HasReason(refused, Reason::kRightsStale)) << refused;
  EXPECT_LE(absl::Now() - silent, absl::Seconds(2.5));
  EXPECT_TRUE(PostError(*mia, kOffice, "members have longer").ok());
  membership_.SetReachable(true);
  absl::Status back = absl::UnavailableError("not yet");
  for (int i = 0; !back.ok() && absl::Now() < silent + absl::Seconds(10); ++i) {
    back = PostError(*gina, kPlans, absl::StrCat("back ", i));
  }
  EXPECT_TRUE(back.ok()) << back;
}

TEST_F(RightsTest, ANewEpochIsReadAnewAndTheStreamGoesOn) {
  JoinGuest("gina");
  const auto stream = *Connect("gina");
  ASSERT_TRUE(stream->Subscribe(NameOf(kPlans)));
  ASSERT_TRUE(PostError(*stream, kPlans, "before").ok());
  membership_.BeginEpoch("epoch-2");
  absl::Status posted;
  const absl::Time give_up = absl::Now() + absl::Seconds(10);
  int tries = 0;
  do {
    posted = PostError(*stream, kPlans, absl::StrCat("after ", tries++));
    ASSERT_TRUE(posted.ok() || HasReason(posted, Reason::kRightsStale)) << posted;
  } while (!posted.ok() && absl::Now() < give_up);
  ASSERT_TRUE(AwaitEvent(*stream, 2).ok());
  Change(rights::MemberState{.workspace = kWorkspace, .user = User("gina")});
  EXPECT_EQ(AwaitGoodbye(*stream)->reason(), v1::Goodbye::REASON_REMOVED);
}

}  // namespace
}  // namespace guestpass::messaging
