// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/testing/installation.h"

namespace guestpass::membership {
namespace {

class RemovalsTest : public testing::Test {
 protected:
  int64_t Admins() { return here_.Count("SELECT count(*) FROM members WHERE role = 'ADMIN'"); }

  Installation here_;
};

void ExpectReason(const absl::Status& status, Reason reason) {
  EXPECT_TRUE(HasReason(status, reason)) << status;
}

TEST_F(RemovalsTest, ReasonsComeInTheirOrder) {
  here_.AddMember("ann", type::v1::ROLE_MEMBER);
  ExpectReason(here_.Remove("ann", "nobody"), Reason::kRoleTooLow);
  ExpectReason(here_.Remove("ann", "owner"), Reason::kRoleTooLow);
  ExpectReason(here_.Remove("orgadmin", "nobody"), Reason::kMemberNotFound);
  ExpectReason(here_.Remove("orgadmin", "owner"), Reason::kOrgOwnerProtected);
  ExpectReason(here_.Remove("owner", "owner"), Reason::kOrgOwnerProtected);
}

TEST_F(RemovalsTest, TheLastDirectAdminStays) {
  here_.AddMember("ann", type::v1::ROLE_ADMIN);
  ASSERT_TRUE(here_.NewSession()->Script("UPDATE members SET role = 'MEMBER' WHERE sponsor IS NULL").ok());
  ASSERT_EQ(Admins(), 1);
  ExpectReason(here_.Remove("ann", "ann"), Reason::kLastAdmin);
  ExpectReason(here_.Remove("orgadmin", "ann"), Reason::kLastAdmin);
  here_.AddMember("ben", type::v1::ROLE_ADMIN);
  EXPECT_TRUE(here_.Remove("ann", "ann").ok());
}

TEST_F(RemovalsTest, AnyMemberMayLeaveAndAStrangerLearnsNothing) {
  here_.AddMember("ann", type::v1::ROLE_GUEST);
  EXPECT_TRUE(here_.Remove("ann", "ann").ok());
  ExpectReason(here_.Remove("ann", "ann"), Reason::kRoleTooLow);
  EXPECT_EQ(here_.Count("SELECT count(*) FROM audit_entries WHERE action = 'member.left'"), 1);
}

TEST_F(RemovalsTest, AnEndedGuestGetsThatReason) {
  here_.AddMember("ann", type::v1::ROLE_GUEST);
  ASSERT_TRUE(here_.SetTtl("ann", absl::ZeroDuration()).ok());
  ASSERT_TRUE(
      here_.NewSession()->Script("UPDATE members SET recorded_state = 'ENDED' WHERE role = 'GUEST'").ok());
  ExpectReason(here_.Remove("ann", "owner"), Reason::kGuestEnded);
}

TEST_F(RemovalsTest, ARemovedMemberTakesPartInNothing) {
  here_.AddMember("ann", type::v1::ROLE_ADMIN);
  v1::CreateChannelRequest request;
  request.set_parent(absl::StrCat("workspaces/", here_.workspace.text()));
  request.mutable_channel()->set_display_name("ann's");
  request.mutable_channel()->set_kind(type::v1::CHANNEL_KIND_PRIVATE);
  ASSERT_TRUE(here_.membership.Create(Installation::As("ann"), request).ok());
  ASSERT_TRUE(here_.Remove("owner", "ann").ok());
  const CommittedEntries last = here_.recorder.commits().back();
  ASSERT_EQ(last.entries.size(), 2u);
  EXPECT_EQ(last.entries[0].object, rights::Object(rights::MemberState{.workspace = here_.workspace,
                                                                       .user = Installation::IdOf("ann")}));
  EXPECT_FALSE(std::get<rights::ParticipantState>(last.entries[1].object).present);
  EXPECT_EQ(here_.Count(absl::StrCat("SELECT removed_n FROM removed_members")),
            static_cast<int64_t>(last.entries[0].n));
}

TEST_F(RemovalsTest, WhoMayTakeAnAdminAwayWaitsForWhoIsAtIt) {
  here_.AddMember("ann", type::v1::ROLE_ADMIN);
  here_.AddMember("ben", type::v1::ROLE_ADMIN);
  ASSERT_TRUE(here_.NewSession()->Script("UPDATE members SET role = 'MEMBER' WHERE sponsor IS NULL").ok());
  const auto head = here_.NewSession();  // keeps the first removal from committing
  ASSERT_TRUE(head->Script("BEGIN; SELECT FROM rights_heads FOR UPDATE").ok());
  absl::Status of_ann, of_ben;
  std::thread first([&] { of_ann = here_.Remove("orgadmin", "ann"); });
  here_.AwaitWaiters(1);
  std::thread second([&] { of_ben = here_.Remove("orgadmin", "ben"); });
  here_.AwaitWaiters(2);
  ASSERT_TRUE(head->Script("COMMIT").ok());
  first.join();
  second.join();
  EXPECT_TRUE(of_ann.ok()) << of_ann;
  ExpectReason(of_ben, Reason::kLastAdmin);
  EXPECT_EQ(Admins(), 1);
}

TEST_F(RemovalsTest, ManyRacingRemovalsOfTheAdminsLeaveOne) {
  here_.AddMember("ann", type::v1::ROLE_ADMIN);
  here_.AddMember("ben", type::v1::ROLE_ADMIN);
  ASSERT_TRUE(here_.NewSession()->Script("UPDATE members SET role = 'MEMBER' WHERE sponsor IS NULL").ok());
  std::atomic<int> removed = 0, kept = 0;
  std::vector<std::thread> racers;
  for (int i = 0; i < 50; ++i) {
    racers.emplace_back([&, i] {
      const absl::Status status = here_.Remove(i % 3 == 0 ? "orgadmin"
                                               : i % 2    ? "ann"
                                                          : "ben",
                                               i % 2 ? "ben" : "ann");
      removed += status.ok() ? 1 : 0;
      kept += HasReason(status, Reason::kLastAdmin) ? 1 : 0;
      EXPECT_NE(status.code(), absl::StatusCode::kInternal) << status;
      EXPECT_NE(status.code(), absl::StatusCode::kAborted) << status;
    });
  }
  for (std::thread& racer : racers) racer.join();
  EXPECT_EQ(removed, 1);
  EXPECT_GE(kept, 1);
  EXPECT_EQ(Admins(), 1);
}

}  // namespace
}  // namespace guestpass::membership
