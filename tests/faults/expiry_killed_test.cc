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
using rights::v1::RightsService;

constexpr absl::Duration kTtl = absl::Seconds(3);
constexpr absl::Duration kPatience = absl::Seconds(10);

// The guest's state as membership has recorded it.
type::v1::GuestState RecordedState(const Stack& stack, const std::string& member) {
  rights::v1::BatchGetRightsRequest request;
  rights::v1::RightsQuery& query = *request.add_queries();
  const size_t members = member.find("/members/");
  query.set_workspace(member.substr(std::string("workspaces/").size(), members - 11));
  query.set_user(member.substr(members + std::string("/members/").size()));
  const auto rights = stack.Service(harness::kGateway).Call(&RightsService::Stub::BatchGetRights, request);
  EXPECT_TRUE(rights.ok()) << rights.status();
  if (!rights.ok() || rights->snapshots_size() != 1) return type::v1::GUEST_STATE_UNSPECIFIED;
  for (const rights::v1::RightsEntry& entry : rights->snapshots(0).objects()) {
    if (entry.has_member()) return entry.member().recorded_state();
  }
  return type::v1::GUEST_STATE_UNSPECIFIED;
}

TEST(ExpiryKilled, PostingStopsOnTimeAndTheTransitionIsRecordedAfterTheRestart) {
  const auto stack = Stack::Start();
  ASSERT_TRUE(stack.ok()) << stack.status();
  const auto place = harness::MakeWorkplace(**stack);
  ASSERT_TRUE(place.ok()) << place.status();
  const auto guest = harness::AddGuest(**stack, *place, "gina", kTtl);
  ASSERT_TRUE(guest.ok()) << guest.status();
  const absl::Time expire_time = *rpc::FromProto("", guest->guest_expire_time());
  harness::ServiceProcess& expiry = (*stack)->service("guest-expiry");
  expiry.Kill();
  const auto stream = (*stack)->User("gina").Connect(place->workspace);
  ASSERT_TRUE(stream.ok()) << stream.status();
  const auto before = (*stream)->Post(place->closed_channel, "before", "In time.");
  ASSERT_TRUE(before.ok()) << before.status();

  const auto notice = (*stream)->WaitFor(
      [](const ConnectResponse& frame) {
        return frame.has_rights_changed() && frame.rights_changed().reason() == "GUEST_SOFT_LOCKED";
      },
      kTtl + kPatience);
  ASSERT_TRUE(notice.ok()) << notice.status();
  EXPECT_LT(notice->at - expire_time, absl::Seconds(1));
  const auto late = (*stream)->Post(place->closed_channel, "late", "Too late.");
  EXPECT_TRUE(HasReason(late.status(), Reason::kGuestSoftLocked)) << late.status();
  EXPECT_EQ(RecordedState(**stack, guest->member()), type::v1::GUEST_STATE_ACTIVE);

  const absl::Status restarted = expiry.Restart();
  ASSERT_TRUE(restarted.ok()) << restarted;
  EXPECT_TRUE(harness::Eventually(kPatience, [&] {
    return RecordedState(**stack, guest->member()) == type::v1::GUEST_STATE_SOFT_LOCKED;
  }));
}

}  // namespace
}  // namespace guestpass::faults
