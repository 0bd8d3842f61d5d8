// SPDX-License-Identifier: Apache-2.0
#include "gtest/gtest.h"
#include "tests/harness/servers/places.h"
#include "tests/harness/workplace.h"

namespace guestpass::e2e {
namespace {

using harness::ServiceProcess;
using messaging::v1::ConnectResponse;
using messaging::v1::Goodbye;

constexpr absl::Duration kPatience = absl::Seconds(10);

TEST(Shutdown, SigtermSaysGoodbyeToStreamsKeepsWhatWasAcknowledgedAndEndsEveryServiceWithZero) {
  const auto stack = harness::Stack::Start();
  ASSERT_TRUE(stack.ok()) << stack.status();
  const auto place = harness::MakeWorkplace(**stack);
  ASSERT_TRUE(place.ok()) << place.status();
  const harness::Client olga = (*stack)->User("olga");
  const auto stream = olga.Connect(place->workspace);
  ASSERT_TRUE(stream.ok()) << stream.status();
  const auto posted = (*stream)->Post(place->open_channel, "before", "Acknowledged before the end.");
  ASSERT_TRUE(posted.ok()) << posted.status();

  ServiceProcess& gateway = (*stack)->gateway(0);
  gateway.Signal(SIGTERM);
  const auto goodbye =
      (*stream)->WaitFor([](const ConnectResponse& frame) { return frame.has_goodbye(); }, kPatience);
  ASSERT_TRUE(goodbye.ok()) << goodbye.status();
  EXPECT_EQ(goodbye->frame.goodbye().reason(), Goodbye::REASON_SHUTTING_DOWN);
  EXPECT_TRUE(goodbye->frame.goodbye().reconnect());
  EXPECT_FALSE(absl::IsDeadlineExceeded((*stream)->WaitForEnd(kPatience)));
  EXPECT_EQ(gateway.WaitForExit(kPatience), 0) << harness::Tail(gateway.log());
  for (const char* name : {"guest-expiry", "invite", "membership"}) {
    ServiceProcess& service = (*stack)->service(name);
    service.Signal(SIGTERM);
    EXPECT_EQ(service.WaitForExit(kPatience), 0) << name << "\n" << harness::Tail(service.log());
  }

  for (const auto& service : (*stack)->services()) {
    const absl::Status restarted = service->Restart();
    ASSERT_TRUE(restarted.ok()) << restarted;
  }
  messaging::v1::ListMessagesRequest request;
  request.set_parent(place->open_channel);
  const auto history = olga.Call(&messaging::v1::MessagingService::Stub::ListMessages, request);
  ASSERT_TRUE(history.ok()) << history.status();
  ASSERT_EQ(history->messages_size(), 1);
  EXPECT_EQ(history->messages(0).client_message_id(), "before");
}

}  // namespace
}  // namespace guestpass::e2e
