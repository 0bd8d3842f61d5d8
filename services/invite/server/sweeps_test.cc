// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/sweeps.h"

#include <string>

#include "services/invite/server/service_fixture.h"

namespace guestpass::invite {
namespace {

// Each look at it takes a second.
class SlowClock : public SimulatedClock {
 public:
  absl::Duration Boot() const override {
    looks_ += absl::Seconds(1);
    return SimulatedClock::Boot() + looks_;
  }

 private:
  mutable absl::Duration looks_;
};

class SweepsTest : public ServiceTest {
 protected:
  SweepsTest() { operator_.caller.is_operator = true; }

  absl::StatusOr<v1::SweepInvitesResponse> Sweep(Sweeps& sweeps, bool validate_only = false) {
    v1::SweepInvitesRequest request;
    request.set_validate_only(validate_only);
    return sweeps.Sweep(operator_, request);
  }

  // That many invites whose time has passed, and that many that ended longer ago than they are kept.
  void Arrange(int expired, int ended) {
    for (int i = 0; i < expired + ended; ++i) Linked(1);
    Expire();
    Sql("UPDATE invites SET state = 'REVOKED', end_us = 1 WHERE id IN (SELECT id FROM invites LIMIT " +
        std::to_string(ended) + ") RETURNING id");
  }

  rpc::Call operator_ = NewUser();
  Sweeps sweeps_{upkeep_, SystemClock(), {.step = 2}};
};

TEST_F(SweepsTest, ADryRunCountsAndASweepDoesIt) {
  Arrange(5, 3);
  const auto counted = Sweep(sweeps_, true);
  ASSERT_TRUE(counted.ok()) << counted.status();
  EXPECT_EQ(counted->expired(), 5);
  EXPECT_EQ(counted->purged(), 3);
  EXPECT_FALSE(counted->done());
  EXPECT_EQ(Sql("SELECT count(*)::text FROM invites"), "8");
  const auto swept = Sweep(sweeps_);
  ASSERT_TRUE(swept.ok()) << swept.status();
  EXPECT_EQ(swept->expired(), 5);
  EXPECT_EQ(swept->purged(), 3);
  EXPECT_TRUE(swept->done());
  EXPECT_EQ(Sql("SELECT count(*)::text FROM invites WHERE state = 'EXPIRED'"), "5");
  EXPECT_TRUE(Sweep(sweeps_, true)->done());
  EXPECT_EQ(Sweep(sweeps_)->expired(), 0);
}

TEST_F(SweepsTest, ItStopsWhenItsTimeIsOverAndSaysSo) {
  Arrange(5, 0);
  SlowClock clock;
  Sweeps slow(upkeep_, clock, {.time = absl::Seconds(3), .step = 2});
  const auto first = Sweep(slow);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->expired(), 4);
  EXPECT_FALSE(first->done());
  EXPECT_TRUE(Sweep(slow)->done());
}

TEST_F(SweepsTest, OnlyOperatorsSweep) {
  EXPECT_EQ(ReasonOf(sweeps_.Sweep(admin_, {}).status()), "CALLER_NOT_ALLOWED");
}

}  // namespace
}  // namespace guestpass::invite
