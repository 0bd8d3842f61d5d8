// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/postgres/session.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "tests/harness/eventually.h"
#include "tests/harness/workplace.h"

namespace guestpass::faults {
namespace {

using harness::Stack;
using harness::StreamClient;
using membership::v1::MembershipService;
using messaging::v1::ConnectResponse;
using messaging::v1::Goodbye;
using rights::v1::RightsService;

constexpr absl::Duration kPatience = absl::Seconds(20);
constexpr absl::Duration kGuestWriteLease = absl::Seconds(2);
constexpr char kDatabase[] = "guestpass_membership";

constexpr char kHead[] = "SELECT shard, n FROM rights_heads WHERE n > 0";
constexpr char kPrune[] = R"sql(
  BEGIN; DELETE FROM rights_log; UPDATE rights_heads SET pruned_n = n WHERE n > 0; COMMIT
)sql";

struct Guest {
  std::string member;
  std::unique_ptr<StreamClient> stream;
};

// A gateway that stood still, and heard nothing from NATS, while rights changed and the log of it was pruned.
class PrunedLog : public testing::Test {
 protected:
  void SetUp() override {
    auto stack =
        Stack::Start({.env = {{"messaging-gateway", {{"GUESTPASS_GUEST_POSTS_PER_MINUTE", "100000"}}}}});
    ASSERT_TRUE(stack.ok()) << stack.status();
    stack_ = *std::move(stack);
    auto place = harness::MakeWorkplace(*stack_);
    ASSERT_TRUE(place.ok()) << place.status();
    place_ = *std::move(place);
    auto session = postgres::Session::Connect({.conninfo = stack_->postgres().conninfo(kDatabase)});
    ASSERT_TRUE(session.ok()) << session.status();
    database_ = *std::move(session);
  }

  // A guest with an open stream, who has posted.
  Guest Enter(const std::string& name) {
    const auto invited = harness::AddGuest(*stack_, place_, name);
    EXPECT_TRUE(invited.ok()) << invited.status();
    if (!invited.ok()) return {};
    Guest guest{.member = invited->member()};
    absl::Status status;
    EXPECT_TRUE(harness::Eventually(kPatience, [&] {
      auto stream = stack_->User(name).Connect(place_.workspace);
      status = stream.status();
      if (!stream.ok()) return false;
      guest.stream = *std::move(stream);
      status = Post(*guest.stream);
      return status.ok();
    })) << status;
    return guest;
  }

  absl::Status Post(StreamClient& stream) {
    return stream.Post(place_.closed_channel, absl::StrCat("post-", ++posts_), "Here I am.").status();
  }

  absl::Status Remove(const std::string& member) {
    membership::v1::DeleteMemberRequest request;
    request.set_name(member);
    return stack_->User("olga").Call(&MembershipService::Stub::DeleteMember, request).status();
  }

  // What a reader at `after` gets from membership.
  absl::Status Changes(uint32_t shard, uint64_t after) {
    rights::v1::ListRightsChangesRequest request;
    request.set_shard(shard);
    request.set_after_n(after);
    return stack_->Service(harness::kGateway).Call(&RightsService::Stub::ListRightsChanges, request).status();
  }

  static void ExpectRemoved(StreamClient& stream) {
    const auto last =
        stream.WaitFor([](const ConnectResponse& frame) { return frame.has_goodbye(); }, kPatience);
    ASSERT_TRUE(last.ok()) << last.status();
    EXPECT_EQ(last->frame.goodbye().reason(), Goodbye::REASON_REMOVED);
  }

  std::unique_ptr<Stack> stack_;
  harness::Workplace place_;
  std::unique_ptr<postgres::Session> database_;
  int posts_ = 0;
};

TEST_F(PrunedLog, AGatewayBehindItReadsAllAnewEnforcesWhatWasRevokedAndGoesOn) {
  const Guest gone = Enter("gina"), stays = Enter("gus"), leaves = Enter("greta");
  ASSERT_FALSE(HasFailure());
  const auto before = database_->Run(kHead);
  ASSERT_TRUE(before.ok() && before->rows() == 1) << before.status();
  stack_->nats().Stop();
  stack_->gateway(0).Freeze();
  const absl::Status removed = Remove(gone.member);
  ASSERT_TRUE(removed.ok()) << removed;
  const absl::Status pruned = database_->Script(kPrune);
  ASSERT_TRUE(pruned.ok()) << pruned;
  const absl::Status truncated =
      Changes(static_cast<uint32_t>(before->Int64(0, 0)), static_cast<uint64_t>(before->Int64(0, 1)));
  ASSERT_TRUE(HasReason(truncated, Reason::kFeedTruncated)) << truncated;
  const absl::Time thawed = absl::Now();
  stack_->gateway(0).Thaw();

  ExpectRemoved(*gone.stream);
  const auto again = stack_->User("gina").Connect(place_.workspace);
  EXPECT_TRUE(HasReason(again.status(), Reason::kRoleTooLow)) << again.status();
  // Beyond the lease of before, writing needs a number that the gateway can only have by reading anew.
  absl::Status posted;
  EXPECT_TRUE(harness::Eventually(kPatience, [&] {
    posted = Post(*stays.stream);
    return posted.ok() && absl::Now() - thawed > 2 * kGuestWriteLease;
  })) << posted;
  const absl::Status removed_later = Remove(leaves.member);
  ASSERT_TRUE(removed_later.ok()) << removed_later;
  ExpectRemoved(*leaves.stream);
}

}  // namespace
}  // namespace guestpass::faults
