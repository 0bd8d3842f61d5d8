// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/auth/random.h"
#include "common/rpc/proto_time.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/testing/installation.h"

namespace guestpass::membership {
namespace {

using rights::GuestState;

class ExpirationsTest : public testing::Test {
 protected:
  rights::v1::ApplyDueExpirationsResponse Apply(int limit = 10'000) {
    rights::v1::ApplyDueExpirationsRequest request;
    request.set_limit(limit);
    const auto response = here_.rights.ApplyDueExpirations(Installation::AsService("guest-expiry"), request);
    EXPECT_TRUE(response.ok()) << response.status();
    return *response;
  }
  absl::Status Set(const std::string& by, const rights::v1::SetGuestExpirationRequest& request) {
    return here_.rights.SetGuestExpiration(Installation::AsService("guest-expiry", by), request).status();
  }
  rights::v1::SetGuestExpirationRequest Change(const std::string& name) {
    rights::v1::SetGuestExpirationRequest request;
    request.set_workspace(here_.workspace.ToString());
    request.set_user(Installation::IdOf(name).ToString());
    return request;
  }
  // Moves a guest's deadlines so that they lie that long ago.
  void SetPassed(const std::string& name, absl::Duration expired, absl::Duration ended) {
    ASSERT_TRUE(
        here_.NewSession()
            ->Run("UPDATE members SET expire_us = now_us() - $2, access_end_us = now_us() - $3 WHERE user_id "
                  "= $1",
                  postgres::Params::Of(Installation::IdOf(name), expired, ended))
            .ok());
  }
  // Another organization's workspace, in another shard.
  WorkspaceId WorkspaceElsewhere() {
    const auto workspace = auth::NewId<WorkspaceId>();
    EXPECT_TRUE(
        here_.NewSession()
            ->Run("WITH o AS (INSERT INTO organizations SELECT $1::text, (shard + 1) % 256, 'Other', 1 "
                  "FROM organizations RETURNING id, shard) INSERT INTO workspaces (id, organization, "
                  "shard, display_name, grace_us, create_us) SELECT $2::text, id, shard, 'Other', 0, 1 "
                  "FROM o",
                  postgres::Params::Of(auth::NewId<OrganizationId>(), workspace))
            .ok());
    return workspace;
  }
  // Guests in the workspace whose time has come, `count` of them.
  void AddDueGuests(int count) { AddDueGuests(here_.workspace, count); }
  void AddDueGuests(const WorkspaceId& workspace, int count) {
    ASSERT_TRUE(
        here_.NewSession()
            ->Run("INSERT INTO members (workspace, user_id, shard, role, expire_us, access_end_us, "
                  "recorded_state, grants, create_us) SELECT id, left(translate(md5(i::text) || "
                  "md5('x' || i), '0189', 'wxyz'), 26), shard, 'GUEST', now_us(), now_us() + 1000000000, "
                  "'ACTIVE', ARRAY[$2::text], 1 FROM workspaces, generate_series(1, $3::int) AS i "
                  "WHERE id = $1",
                  postgres::Params::Of(workspace, here_.public_channel, count))
            .ok());
  }
  // Keeps that many of the shard's two turns from who would record.
  void TakeTurns(postgres::Session& session, int turns) {
    ASSERT_TRUE(session
                    .Run("SELECT pg_advisory_lock(1735419256, 256 * turn + shard) FROM workspaces, "
                         "generate_series(0, $2::int - 1) AS turn WHERE id = $1",
                         postgres::Params::Of(here_.workspace, turns))
                    .ok());
  }
  void GiveTurnsBack(postgres::Session& session) {
    ASSERT_TRUE(session.Script("SELECT pg_advisory_unlock_all()").ok());
  }
  int64_t Due() { return here_.Count("SELECT count(*) FROM members WHERE due_us <= now_us()"); }

  Installation here_;
};

void ExpectReason(const absl::Status& status, Reason reason) {
  EXPECT_TRUE(HasReason(status, reason)) << status;
}

TEST_F(ExpirationsTest, AGuestWhoseTimeHasComeIsSoftLockedOnce) {
  here_.AddMember("ann", type::v1::ROLE_GUEST);
  SetPassed("ann", absl::Seconds(1), -absl::Hours(1));
  EXPECT_EQ(Apply().applied(), 1);
  EXPECT_EQ(Apply().applied(), 0);
  EXPECT_EQ(here_.StateOf("ann").recorded, GuestState::kSoftLocked);
  const CommittedEntries last = here_.recorder.commits().back();
  ASSERT_EQ(last.entries.size(), 1u);
  EXPECT_EQ(last.entries[0].object, rights::Object(here_.StateOf("ann")));
  EXPECT_EQ(last.entries[0].effective_time, here_.StateOf("ann").expire_time);
  EXPECT_GT(last.entries[0].record_time, last.entries[0].effective_time);
  EXPECT_EQ(here_.Count(
                "SELECT count(*) FROM audit_entries WHERE actor IS NULL AND actor_service = 'guest-expiry'"),
            1);
}

TEST_F(ExpirationsTest, BothDeadlinesPassedAreTwoAuditEntriesAndOneOfTheFeed) {
  here_.AddMember("ann", type::v1::ROLE_GUEST);
  SetPassed("ann", absl::Hours(2), absl::Hours(1));
  const size_t commits = here_.recorder.commits().size();
  EXPECT_EQ(Apply().applied(), 1);
  ASSERT_EQ(here_.recorder.commits().size(), commits + 1);
  EXPECT_EQ(here_.recorder.commits().back().entries.size(), 1u);
  EXPECT_EQ(here_.StateOf("ann").recorded, GuestState::kEnded);
  const auto session = here_.NewSession();
  const auto audit = session->Run(
      "SELECT action, effective_us, record_us, after->>'recorded_state' FROM audit_entries WHERE actor IS "
      "NULL "
      "ORDER BY number");
  ASSERT_EQ(audit->rows(), 2);
  EXPECT_EQ(audit->Text(0, 0), "member.soft_locked");
  EXPECT_EQ(audit->Time(0, 1), here_.StateOf("ann").expire_time);
  EXPECT_EQ(audit->Text(0, 3), "SOFT_LOCKED");
  EXPECT_EQ(audit->Text(1, 0), "member.ended");
  EXPECT_EQ(audit->Time(1, 1), here_.StateOf("ann").access_end_time);
  EXPECT_GT(audit->Int64(1, 2), audit->Int64(1, 1));
}

TEST_F(ExpirationsTest, AnExtensionUnderWayBeatsTheExpiryOfTheOldTime) {
  here_.AddMember("ann", type::v1::ROLE_GUEST);
  SetPassed("ann", absl::Seconds(1), -absl::Hours(1));
  const auto extension = here_.NewSession();
  ASSERT_TRUE(
      extension
          ->Script("BEGIN; UPDATE members SET expire_us = now_us() + 3600000000, access_end_us = now_us() + "
                   "7200000000 WHERE role = 'GUEST'")
          .ok());
  const auto meanwhile = Apply();
  EXPECT_EQ(meanwhile.applied(), 0);
  EXPECT_EQ(meanwhile.skipped(), 1);
  ASSERT_TRUE(extension->Script("COMMIT").ok());
  const auto after = Apply();
  EXPECT_EQ(after.applied(), 0);
  EXPECT_EQ(after.skipped(), 0);
  EXPECT_EQ(here_.StateOf("ann").recorded, GuestState::kActive);
}

TEST_F(ExpirationsTest, AnExtensionThatWaitedForTheExpiryUnlocks) {
  here_.AddMember("ann", type::v1::ROLE_GUEST);
  SetPassed("ann", absl::Seconds(1), -absl::Hours(1));
  const auto head = here_.NewSession();  // keeps the expiry from committing
  ASSERT_TRUE(head->Script("BEGIN; SELECT FROM rights_heads FOR UPDATE").ok());
  std::thread expiry([&] { EXPECT_EQ(Apply().applied(), 1); });
  here_.AwaitWaiters(1);
  std::thread extension([&] { EXPECT_TRUE(here_.SetTtl("ann", absl::Hours(1)).ok()); });
  here_.AwaitWaiters(2);
  ASSERT_TRUE(head->Script("COMMIT").ok());
  expiry.join();
  extension.join();
  EXPECT_EQ(here_.StateOf("ann").recorded, GuestState::kActive);
}

TEST_F(ExpirationsTest, ARemovalUnderWayBeatsTheExpiry) {
  here_.AddMember("ann", type::v1::ROLE_GUEST);
  SetPassed("ann", absl::Seconds(1), -absl::Hours(1));
  const auto head = here_.NewSession();  // keeps the removal from committing
  ASSERT_TRUE(head->Script("BEGIN; SELECT FROM rights_heads FOR UPDATE").ok());
  std::thread removal([&] { EXPECT_TRUE(here_.Remove("owner", "ann").ok()); });
  here_.AwaitWaiters(1);
  const auto meanwhile = Apply();
  EXPECT_EQ(meanwhile.applied(), 0);
  EXPECT_EQ(meanwhile.skipped(), 1);
  ASSERT_TRUE(head->Script("COMMIT").ok());
  removal.join();
  EXPECT_EQ(Apply().applied(), 0);
  EXPECT_EQ(here_.StateOf("ann").role, std::nullopt);
  EXPECT_EQ(here_.Count("SELECT count(*) FROM audit_entries WHERE action = 'member.soft_locked'"), 0);
}

TEST_F(ExpirationsTest, AShardThatTwoAreAtIsBusy) {
  AddDueGuests(1);
  const auto workers = here_.NewSession();
  TakeTurns(*workers, 2);
  const auto response = Apply();
  EXPECT_EQ(response.applied(), 0);
  EXPECT_EQ(response.busy_shards(), 1);
  GiveTurnsBack(*workers);
  TakeTurns(*workers, 1);
  EXPECT_EQ(Apply().applied(), 1) << "there is a turn left";
}

TEST_F(ExpirationsTest, AStuckShardHidesNoOtherHoweverManyAreDueInIt) {
  AddDueGuests(20);
  const WorkspaceId elsewhere = WorkspaceElsewhere();
  AddDueGuests(elsewhere, 3);
  const auto worker = here_.NewSession();
  TakeTurns(*worker, 2);
  const auto response = Apply(/*limit=*/5);
  EXPECT_EQ(response.applied(), 3);
  EXPECT_EQ(response.busy_shards(), 1);
  EXPECT_EQ(Due(), 20);
  GiveTurnsBack(*worker);
  EXPECT_EQ(Apply(/*limit=*/5).applied(), 5) << "the limit is of what is applied";
}

TEST_F(ExpirationsTest, TheLimitHoldsOverAllBatches) {
  AddDueGuests(1001);
  EXPECT_EQ(Apply(600).applied(), 600);
  EXPECT_EQ(Due(), 401);
  EXPECT_EQ(Apply(1000).applied(), 401);
  EXPECT_EQ(Due(), 0);
}

TEST_F(ExpirationsTest, OfACrowdThoseThatSomebodyHoldsAreCountedOnce) {
  AddDueGuests(1500);
  const auto holder = here_.NewSession();
  ASSERT_TRUE(
      holder
          ->Script("BEGIN; SELECT FROM members WHERE due_us <= now_us() ORDER BY user_id LIMIT 3 FOR UPDATE")
          .ok());
  for (int round = 0; round < 2; ++round) {
    const auto response = Apply();
    EXPECT_EQ(response.applied(), round == 0 ? 1497 : 0);
    EXPECT_EQ(response.skipped(), 3);
    EXPECT_EQ(response.busy_shards(), 0);
  }
  ASSERT_TRUE(holder->Script("ROLLBACK").ok());
  EXPECT_EQ(Apply().applied(), 3);
}

// A store with two shards that are due. In the first nobody can be recorded, which is found out late; in the
// second there is one more than a transaction records.
class TwoShards : public PgMembershipStore {
 public:
  using PgMembershipStore::PgMembershipStore;
  absl::StatusOr<std::vector<uint32_t>> DueShards() override { return std::vector<uint32_t>{0, 1}; }
  absl::StatusOr<DueBatch> ApplyDue(uint32_t shard, int limit, const Actor&) override {
    if (shard == 0) {
      recorded_.WaitForNotification();
      absl::SleepFor(absl::Milliseconds(1));  // in which the second would be given up
      return DueBatch{.skipped = 1};
    }
    if (recorded_.HasBeenNotified()) return DueBatch{.applied = left_.exchange(0)};
    due = limit + 1;
    recorded_.Notify();
    return DueBatch{.applied = limit};
  }

  int due = 0;  // in the second

 private:
  absl::Notification recorded_;
  std::atomic<int> left_ = 1;
};

TEST_F(ExpirationsTest, AShardIsNotLeftOutForWhatAnotherReservedAndDidNotNeed) {
  rights::v1::ApplyDueExpirationsRequest request;
  request.set_limit(260);
  for (int i = 0; i < 20; ++i) {
    TwoShards store(here_.pool, here_.recorder);
    RightsService rights(here_.runner, store);
    const auto response = rights.ApplyDueExpirations(Installation::AsService("guest-expiry"), request);
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->applied(), store.due);
    EXPECT_EQ(response->skipped(), 1);
  }
}

TEST_F(ExpirationsTest, WorkersSideBySideApplyEachOnce) {
  AddDueGuests(2000);
  std::vector<std::thread> workers;
  for (int i = 0; i < 4; ++i) {
    workers.emplace_back([&] {
      while (Due() > 0) Apply();
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(here_.Count("SELECT count(*) FROM audit_entries WHERE action = 'member.soft_locked'"), 2000);
}

TEST_F(ExpirationsTest, TenThousandOfOneShardTakeNoLongerEachThanAFew) {
  AddDueGuests(10'000);
  const absl::Duration began = SystemClock().Boot();
  EXPECT_EQ(Apply().applied(), 10'000);
  const absl::Duration took = SystemClock().Boot() - began;
  RecordProperty("milliseconds", static_cast<int>(absl::ToInt64Milliseconds(took)));
  std::printf("10,000 due guests of one shard: %s\n", absl::FormatDuration(took).c_str());
  EXPECT_LT(took, absl::Seconds(5));  // 0.35 s at rest; the bound is for a crowded machine
}

TEST_F(ExpirationsTest, OnlyAdminsSetATimeAndOnlyAGuests) {
  here_.AddMember("ann", type::v1::ROLE_GUEST);
  here_.AddMember("ben", type::v1::ROLE_MEMBER);
  auto bad = Change("nobody");
  ExpectReason(Set("ben", bad), Reason::kRoleTooLow);
  ExpectReason(Set("stranger", bad), Reason::kRoleTooLow);
  auto of_nobody = Change("nobody");
  of_nobody.mutable_ttl()->set_seconds(1);
  ExpectReason(Set("owner", of_nobody), Reason::kMemberNotFound);
  auto of_member = Change("ben");
  of_member.mutable_ttl()->set_seconds(1);
  ExpectReason(Set("owner", of_member), Reason::kNotAGuest);
  ExpectReason(Set("owner", Change("ann")), Reason::kFieldInvalid);
  auto negative = Change("ann");
  negative.mutable_ttl()->set_nanos(-1000);
  ExpectReason(Set("owner", negative), Reason::kFieldInvalid);
  auto past = Change("ann");
  past.mutable_expire_time()->set_seconds(1'000'000'000);
  ExpectReason(Set("owner", past), Reason::kFieldInvalid);
  auto not_cleared = Change("ann");
  not_cleared.set_clear(false);
  ExpectReason(Set("owner", not_cleared), Reason::kFieldInvalid);
}

TEST_F(ExpirationsTest, SettingMovesBothDeadlinesAndClearingTakesThemAway) {
  here_.AddMember("ann", type::v1::ROLE_GUEST);
  ASSERT_TRUE(here_.SetTtl("ann", absl::Hours(1)).ok());
  const rights::MemberState set = here_.StateOf("ann");
  EXPECT_EQ(set.access_end_time - set.expire_time, absl::Hours(24));
  rights::v1::NextDeadlineResponse next =
      *here_.rights.NextDeadline(Installation::AsService("guest-expiry"), {});
  EXPECT_EQ(*rpc::FromProto("deadline", next.deadline()), set.expire_time);
  auto clear = Change("ann");
  clear.set_clear(true);
  ASSERT_TRUE(Set("owner", clear).ok());
  EXPECT_EQ(here_.StateOf("ann").access_end_time, absl::InfiniteFuture());
  next = *here_.rights.NextDeadline(Installation::AsService("guest-expiry"), {});
  EXPECT_FALSE(next.has_deadline());
}

TEST_F(ExpirationsTest, TheTimeThatItHasAlreadyWritesNothing) {
  here_.AddMember("ann", type::v1::ROLE_GUEST);
  const auto log = [&] {
    return here_.Count("SELECT n + audit_n FROM rights_heads ORDER BY n DESC LIMIT 1");
  };
  auto clear = Change("ann");
  clear.set_clear(true);
  int64_t before = log();
  ASSERT_TRUE(Set("owner", clear).ok());
  EXPECT_EQ(log(), before) << "it had none";
  auto set = Change("ann");
  *set.mutable_expire_time() = rpc::ToProto(absl::FromUnixSeconds(4'000'000'000));
  ASSERT_TRUE(Set("owner", set).ok());
  before = log();
  ASSERT_TRUE(Set("owner", set).ok());
  EXPECT_EQ(log(), before);
}

TEST_F(ExpirationsTest, AnOperatorThatIsTheSponsorTakesThePlatformsRight) {
  here_.AddMember("ann", type::v1::ROLE_GUEST);
  here_.AddMember("operator", type::v1::ROLE_MEMBER);
  v1::UpdateMemberRequest sponsor;
  sponsor.mutable_member()->set_name(here_.MemberName("ann"));
  sponsor.mutable_member()->set_sponsor(Installation::IdOf("operator").ToString());
  ASSERT_TRUE(here_.members.UpdateMember(Installation::As("owner"), sponsor).ok());
  ASSERT_TRUE(here_.SetTtl("ann", absl::Hours(2)).ok());
  auto shorten = Change("ann");
  *shorten.mutable_ttl() = rpc::ToProto(absl::Hours(1));
  ExpectReason(Set("operator", shorten), Reason::kRoleTooLow);
  rpc::Call call = Installation::AsService("guest-expiry", "operator");
  call.caller.is_operator = true;
  const auto shortened = here_.rights.SetGuestExpiration(call, shorten);
  ASSERT_TRUE(shortened.ok()) << shortened.status();
  EXPECT_EQ(here_.Count("SELECT count(*) FROM audit_entries WHERE platform AND actor_service IS NOT NULL"),
            1);
}

TEST_F(ExpirationsTest, ExtendingAnEndedGuestIsAuditedAsAReactivation) {
  here_.AddMember("ann", type::v1::ROLE_GUEST);
  SetPassed("ann", absl::Hours(2), absl::Hours(1));
  Apply();
  const size_t commits = here_.recorder.commits().size();
  rights::v1::SetGuestExpirationRequest request = Change("ann");
  request.mutable_ttl()->set_seconds(60);
  const auto response =
      here_.rights.SetGuestExpiration(Installation::AsService("guest-expiry", "owner"), request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(*rpc::FromProto("record_time", response->record_time()),
            here_.recorder.commits()[commits].entries[0].record_time);
  EXPECT_EQ(here_.StateOf("ann").recorded, GuestState::kActive);
  EXPECT_EQ(here_.Count("SELECT count(*) FROM audit_entries WHERE action = 'member.reactivated'"), 1);
}

}  // namespace
}  // namespace guestpass::membership
