// SPDX-License-Identifier: Apache-2.0
#include <thread>

#include "absl/synchronization/notification.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/testing/installation.h"

namespace guestpass::membership {
namespace {

class LocksTest : public testing::Test {
 protected:
  LocksTest() { here_.AddMember("ann", type::v1::ROLE_MEMBER); }

  LockPlan Plan(const std::string& user, LockMode mode) {
    LockPlan plan{.workspace = here_.workspace};
    plan.With(Installation::IdOf(user), mode);
    return plan;
  }
  // A transaction that is in its body from when `began` says so until `may_end` does.
  std::thread Holding(LockPlan plan, absl::Notification& began, absl::Notification& may_end) {
    return std::thread([this, plan, &began, &may_end] {
      EXPECT_TRUE(here_.store
                      .Transact(plan, {},
                                [&](MembershipTx&, const Locked&) {
                                  began.Notify();
                                  may_end.WaitForNotification();
                                  return absl::OkStatus();
                                })
                      .ok());
    });
  }

  Installation here_;
};

TEST_F(LocksTest, ReadersShareALock) {
  absl::Notification first_began, second_began, may_end;
  std::thread first = Holding(Plan("ann", LockMode::kShare), first_began, may_end);
  std::thread second = Holding(Plan("ann", LockMode::kShare), second_began, may_end);
  first_began.WaitForNotification();
  second_began.WaitForNotification();
  may_end.Notify();
  first.join();
  second.join();
}

TEST_F(LocksTest, AChangeWaitsForReadersButNotForThoseThatCameAfterIt) {
  absl::Notification reads, changes, reads_later, may_end, change_may_end;
  std::thread reader = Holding(Plan("ann", LockMode::kShare), reads, may_end);
  reads.WaitForNotification();
  std::thread change = Holding(Plan("ann", LockMode::kUpdate), changes, change_may_end);
  here_.AwaitWaiters(1);
  std::thread later = Holding(Plan("ann", LockMode::kShare), reads_later, may_end);
  here_.AwaitWaiters(2);
  may_end.Notify();
  changes.WaitForNotification();
  EXPECT_FALSE(reads_later.HasBeenNotified());
  change_may_end.Notify();
  reader.join();
  change.join();
  later.join();
}

TEST_F(LocksTest, WhatIsAbsentIsLockedToo) {
  absl::Notification began, began_later, may_end;
  std::thread first = Holding(Plan("nobody", LockMode::kUpdate), began, may_end);
  began.WaitForNotification();
  std::thread second = Holding(Plan("nobody", LockMode::kUpdate), began_later, may_end);
  here_.AwaitWaiters(1);
  EXPECT_FALSE(began_later.HasBeenNotified());
  may_end.Notify();
  first.join();
  second.join();
}

TEST_F(LocksTest, TheTimeIsReadOnceAllIsHeld) {
  absl::Notification began, may_end;
  std::thread holder = Holding(Plan("ann", LockMode::kUpdate), began, may_end);
  began.WaitForNotification();
  absl::Time asked, now;
  std::thread waiter([&] {
    EXPECT_TRUE(here_.store
                    .Transact(Plan("ann", LockMode::kUpdate), {},
                              [&](MembershipTx&, const Locked& locked) {
                                now = locked.now;
                                return absl::OkStatus();
                              })
                    .ok());
  });
  here_.AwaitWaiters(1);
  asked = absl::FromUnixMicros(here_.Count("SELECT now_us()"));
  may_end.Notify();
  holder.join();
  waiter.join();
  EXPECT_GE(now, asked);
}

TEST_F(LocksTest, WhoMayNotChangeAnOrganizationOrAWorkspaceWaitsForNobodyAndMakesNobodyWait) {
  absl::Notification began, may_end;
  std::thread reader = Holding(Plan("ann", LockMode::kShare), began, may_end);
  began.WaitForNotification();
  v1::UpdateOrganizationRequest rename;
  rename.mutable_organization()->set_name(ToName(here_.organization));
  rename.mutable_organization()->set_display_name("Mine");
  v1::DeleteWorkspaceRequest remove;
  remove.set_name(ToName(here_.workspace));
  for (const std::string who : {"ann", "stranger"}) {
    const rpc::Call call = Installation::As(who);
    EXPECT_TRUE(
        HasReason(here_.organizations.UpdateOrganization(call, rename).status(), Reason::kRoleTooLow));
    EXPECT_TRUE(HasReason(here_.workspaces.DeleteWorkspace(call, remove).status(), Reason::kRoleTooLow));
    EXPECT_TRUE(HasReason(here_.Remove(who, "owner"), Reason::kRoleTooLow));
  }
  may_end.Notify();
  reader.join();
}

}  // namespace
}  // namespace guestpass::membership
