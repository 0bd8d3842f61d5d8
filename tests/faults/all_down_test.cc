// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/proto_time.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "tests/harness/eventually.h"
#include "tests/harness/workplace.h"

namespace guestpass::faults {
namespace {

using harness::Stack;
using messaging::v1::ConnectResponse;
using messaging::v1::Goodbye;
using messaging::v1::MessagingService;

constexpr absl::Duration kTtl = absl::Seconds(4);
constexpr absl::Duration kGrace = absl::Seconds(1);
constexpr absl::Duration kPatience = absl::Seconds(10);
constexpr absl::Duration kOnTime = absl::Seconds(1);

// Ends all that a gateway works with, as a crash of their hosts does.
void EndAllButTheGateway(Stack& stack) {
  stack.service("guest-expiry").Kill();
  stack.service("invite").Kill();
  stack.service("membership").Kill();
  stack.nats().Stop();
  stack.postgres().Kill();
}

absl::Status BringBack(Stack& stack) {
  for (const absl::Status& status : {stack.postgres().Restart(), stack.nats().Restart()}) {
    if (!status.ok()) return status;
  }
  for (const char* name : {"membership", "invite", "guest-expiry"}) {
    if (const absl::Status status = stack.service(name).Restart(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

TEST(AllDown, AGatewayAloneStopsWritingAndReadingOnTimeAndWhatWasAcknowledgedIsStillThere) {
  const auto stack = Stack::Start();
  ASSERT_TRUE(stack.ok()) << stack.status();
  const auto place = harness::MakeWorkplace(**stack, kGrace);
  ASSERT_TRUE(place.ok()) << place.status();
  const auto guest = harness::AddGuest(**stack, *place, "gina", kTtl);
  ASSERT_TRUE(guest.ok()) << guest.status();
  const absl::Time expire_time = *rpc::FromProto("", guest->guest_expire_time());
  const auto stream = (*stack)->User("gina").Connect(place->workspace);
  ASSERT_TRUE(stream.ok()) << stream.status();
  const auto before = (*stream)->Post(place->closed_channel, "before", "In time.");
  ASSERT_TRUE(before.ok()) << before.status();

  EndAllButTheGateway(**stack);
  const auto locked = (*stream)->WaitFor(
      [](const ConnectResponse& frame) {
        return frame.has_rights_changed() && frame.rights_changed().reason() == "GUEST_SOFT_LOCKED";
      },
      kTtl + kPatience);
  ASSERT_TRUE(locked.ok()) << locked.status();
  EXPECT_LT(absl::AbsDuration(locked->at - expire_time), kOnTime);
  const auto late = (*stream)->Post(place->closed_channel, "late", "Too late.");
  EXPECT_TRUE(HasReason(late.status(), Reason::kGuestSoftLocked)) << late.status();
  const auto ended =
      (*stream)->WaitFor([](const ConnectResponse& frame) { return frame.has_goodbye(); }, kPatience);
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(ended->frame.goodbye().reason(), Goodbye::REASON_GUEST_ENDED);
  EXPECT_LT(absl::AbsDuration(ended->at - expire_time - kGrace), kOnTime);

  const absl::Status back = BringBack(**stack);
  ASSERT_TRUE(back.ok()) << back;
  messaging::v1::ListMessagesRequest request;
  request.set_parent(place->closed_channel);
  absl::StatusOr<messaging::v1::ListMessagesResponse> history;
  EXPECT_TRUE(harness::Eventually(kPatience, [&] {
    history = (*stack)->User("olga").Call(&MessagingService::Stub::ListMessages, request);
    return history.ok();
  })) << history.status();
  ASSERT_TRUE(history.ok());
  ASSERT_EQ(history->messages_size(), 1);
  EXPECT_EQ(history->messages(0).client_message_id(), "before");
}

}  // namespace
}  // namespace guestpass::faults
