// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <set>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/testing/installation.h"

namespace guestpass::membership {
namespace {

class RemovalsTest : public testing::Test {
 protected:
  // Without the protection that its role in the organization gives it.
  absl::Status DemoteTheOwner() {
    return here_.NewSession()
        ->Run("UPDATE members SET role = 'MEMBER' WHERE user_id = $1",
              postgres::Params::Of(Installation::IdOf("owner")))
        .status();
  }
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
  ASSERT_TRUE(DemoteTheOwner().ok());
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
  ASSERT_TRUE(here_.channels.CreateChannel(Installation::As("ann"), request).ok());
  ASSERT_TRUE(here_.Remove("owner", "ann").ok());
  const CommittedEntries last = here_.recorder.commits().back();
  ASSERT_EQ(last.entries.size(), 2u);
  EXPECT_EQ(last.entries[0].object, rights::Object(rights::MemberState{.workspace = here_.workspace,
                                                                       .user = Installation::IdOf("ann")}));
  EXPECT_FALSE(std::get<rights::ParticipantState>(last.entries[1].object).present);
  EXPECT_EQ(here_.Count(absl::StrCat("SELECT removed_n FROM removed_members")),
            static_cast<int64_t>(last.entries[0].n));
}

TEST_F(RemovalsTest, EachParticipationThatARemovalEndsIsAuditedWithIt) {
  here_.AddMember("ann", type::v1::ROLE_ADMIN);
  v1::CreateChannelRequest request;
  request.set_parent(ToName(here_.workspace));
  request.mutable_channel()->set_display_name("ann's");
  request.mutable_channel()->set_kind(type::v1::CHANNEL_KIND_PRIVATE);
  std::set<std::string> channels;
  for (int i = 0; i < 2; ++i)
    channels.insert(here_.channels.CreateChannel(Installation::As("ann"), request)->name());
  ASSERT_TRUE(here_.Remove("owner", "ann").ok());
  const auto audit = here_.NewSession()->Run(
      "SELECT target, before->>'present', after->>'present', after->>'participant', actor, record_us = "
      "(SELECT "
      "record_us FROM audit_entries WHERE action = 'member.removed') FROM audit_entries WHERE action = "
      "'channel.participant_removed' ORDER BY number");
  ASSERT_EQ(audit->rows(), 2);
  for (int row = 0; row < 2; ++row) {
    EXPECT_EQ(channels.erase(std::string(audit->Text(row, 0))), 1u);
    EXPECT_EQ(audit->Text(row, 1), "true");
    EXPECT_EQ(audit->Text(row, 2), "false");
    EXPECT_EQ(audit->As<UserId>(row, 3), Installation::IdOf("ann"));
    EXPECT_EQ(audit->As<UserId>(row, 4), Installation::IdOf("owner"));
    EXPECT_TRUE(audit->Bool(row, 5)) << "one transaction";
  }
}

TEST_F(RemovalsTest, AWorkspacesAdminsAreCountedByAnIndexOfTheirOwn) {
  const auto session = here_.NewSession();
  ASSERT_TRUE(session
                  ->Script("INSERT INTO members (workspace, user_id, shard, role, recorded_state, grants, "
                           "create_us) SELECT id, md5(i::text), shard, 'MEMBER', 'ACTIVE', '{}', 1 FROM "
                           "workspaces, generate_series(1, 5000) AS i; ANALYZE members")
                  .ok());
  const auto plan = session->Run(
      "EXPLAIN SELECT count(*) FROM members WHERE workspace = 'w' AND role = 'ADMIN' AND user_id <> 'u'");
  std::string text;
  for (int row = 0; row < plan->rows(); ++row) absl::StrAppend(&text, plan->Text(row, 0), "\n");
  EXPECT_NE(text.find("members_admins"), std::string::npos) << text;
}

TEST_F(RemovalsTest, WhoMayTakeAnAdminAwayWaitsForWhoIsAtIt) {
  here_.AddMember("ann", type::v1::ROLE_ADMIN);
  here_.AddMember("ben", type::v1::ROLE_ADMIN);
  ASSERT_TRUE(DemoteTheOwner().ok());
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
  ASSERT_TRUE(DemoteTheOwner().ok());
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
