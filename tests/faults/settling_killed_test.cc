// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <string>

#include "tests/faults/armed_test.h"

namespace guestpass::faults {
namespace {

// The invite service dies, and leaves two attempts open: ann has joined and ben has not. Whoever settles them
// dies as well, at a step of its own.
class SettlingKilled : public ArmedTest {
 protected:
  harness::ServiceProcess& service() { return armed_->stack().service("invite"); }

  void LeaveOpen() {
    UseNewPlace();
    link_ = NewLink(3);
    const std::string ann = armed_->KeyOf(link_, "ann"), ben = armed_->KeyOf(link_, "ben");
    armed_->Hold("redeem.joined", ann);
    armed_->Hold("redeem.reserved", ben);
    ArmedStack::Outcome anns = armed_->Redeem("ann", link_.secret),
                        bens = armed_->Redeem("ben", link_.secret);
    EXPECT_TRUE(armed_->AwaitReached("redeem.joined", ann));
    EXPECT_TRUE(armed_->AwaitReached("redeem.reserved", ben));
    service().Kill();
    anns.wait();
    bens.wait();
    armed_->ReleaseAll();
    EXPECT_EQ(armed_->OpenReservations(), 2);
  }

  void Restart() {
    const absl::Status back = service().Restart();
    ASSERT_TRUE(back.ok()) << back;
  }

  void AwaitDeath() {
    EXPECT_EQ(service().WaitForExit(kPatience), 128 + SIGKILL);
    armed_->ReleaseAll();
  }

  Link link_;
};

TEST_F(SettlingKilled, WhatTheKeeperLeavesTheNextOneSettles) {
  LeaveOpen();
  armed_->Kill("keeper.resolved", link_.id);
  Restart();
  AwaitDeath();
  Restart();
  ExpectJoined(link_, 1);
}

TEST_F(SettlingKilled, ARevocationThatDiedIsDoneByTheNextOneAndNobodyJoinsAfterItsOk) {
  for (const char* point : {"revoke.ended", "settle.resolved", "revoke.resolved"}) {
    SCOPED_TRACE(point);
    LeaveOpen();
    armed_->Kill(point, link_.id);
    Restart();
    ArmedStack::Outcome cut = armed_->Revoke(link_.name);
    AwaitDeath();
    EXPECT_TRUE(absl::IsUnavailable(cut.get()));
    Restart();
    const auto joined = armed_->RevokeInsisting(link_.name);
    ASSERT_TRUE(joined.ok()) << joined.status();
    EXPECT_EQ(*joined, 1);
    EXPECT_FALSE(armed_->RedeemInsisting("ben", link_.secret).get().ok());
    ExpectJoined(link_, 1);
  }
}

}  // namespace
}  // namespace guestpass::faults
