// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "common/status/error.h"
#include "tests/faults/armed_test.h"
#include "tests/harness/eventually.h"

namespace guestpass::faults {
namespace {

// Membership that does not answer, or late, while ann redeems a link for one.
class RedeemMembershipSlow : public ArmedTest {
 protected:
  void SetUp() override {
    ArmedTest::SetUp();
    link_ = NewLink(1);
    ann_ = armed_->KeyOf(link_, "ann");
  }

  harness::ServiceProcess& membership() { return armed_->stack().service("membership"); }
  absl::Status Redeem(const std::string& user) { return armed_->Redeem(user, link_.secret).get(); }
  absl::Status RedeemInsisting(const std::string& user) {
    return armed_->RedeemInsisting(user, link_.secret).get();
  }

  // Lets an attempt of ann's go on that waits at `point`, and sees it refused.
  void ExpectRefusedFrom(const std::string& point) {
    armed_->Hold("join.refused", ann_);
    armed_->Release(point, ann_);
    EXPECT_TRUE(armed_->AwaitReached("join.refused", ann_)) << point;
    armed_->Release("join.refused", ann_);
  }

  Link link_;
  std::string ann_;  // the key of her attempts
};

TEST_F(RedeemMembershipSlow, DownTheUseIsTakenAndIsFreeByItselfAfterwards) {
  membership().Kill();
  EXPECT_TRUE(absl::IsUnavailable(Redeem("ann")));
  EXPECT_EQ(armed_->OpenReservations(), 1);
  const absl::Status meanwhile = Redeem("bob");
  EXPECT_TRUE(absl::IsUnavailable(meanwhile)) << meanwhile;
  const absl::Status back = membership().Restart();
  ASSERT_TRUE(back.ok()) << back;
  const absl::Status bob = RedeemInsisting("bob");
  EXPECT_TRUE(bob.ok()) << "it is not exhausted by who did not join: " << bob;
  EXPECT_TRUE(HasReason(RedeemInsisting("ann"), Reason::kInviteExhausted));
  ExpectJoined(link_, 1);
}

TEST_F(RedeemMembershipSlow, DownAndNobodyComesAgainTheUseIsFreeAllTheSame) {
  membership().Kill();
  EXPECT_TRUE(absl::IsUnavailable(Redeem("ann")));
  const absl::Status back = membership().Restart();
  ASSERT_TRUE(back.ok()) << back;
  ExpectJoined(link_, 0);
}

TEST_F(RedeemMembershipSlow, SlowItJoinsAndOthersAreToldToTryAgain) {
  armed_->Hold("join.judged", ann_);
  auto ann = armed_->Redeem("ann", link_.secret);
  ASSERT_TRUE(armed_->AwaitReached("join.judged", ann_));
  const absl::Status meanwhile = Redeem("bob");
  ASSERT_TRUE(HasReason(meanwhile, Reason::kConflict)) << meanwhile;
  EXPECT_GT(DetailsOf(meanwhile)->retry_after, absl::ZeroDuration());
  armed_->Release("join.judged", ann_);
  const absl::Status joined = ann.get();
  EXPECT_TRUE(joined.ok()) << joined;
  EXPECT_TRUE(HasReason(RedeemInsisting("bob"), Reason::kInviteExhausted));
  ExpectJoined(link_, 1);
}

TEST_F(RedeemMembershipSlow, AJoinThatIsCommittedAndAnsweredAfterTheTimeOutIsASuccess) {
  armed_->Hold("join.committed", ann_);
  const absl::Status joined = Redeem("ann");
  EXPECT_TRUE(joined.ok()) << joined;
  EXPECT_TRUE(armed_->Reached("join.committed", ann_)) << "membership has still not answered";
  ExpectJoined(link_, 1);
}

TEST_F(RedeemMembershipSlow, AJoinThatIsNotCommittedByTheTimeOutNeverIs) {
  for (const char* point : {"join.begun", "join.judged"}) {
    SCOPED_TRACE(point);
    SetUp();
    armed_->Hold(point, ann_);
    const absl::Status late = Redeem("ann");
    EXPECT_TRUE(IsToBeTriedAgain(late)) << late;
    EXPECT_TRUE(armed_->Reached(point, ann_));
    EXPECT_EQ(armed_->OpenReservations(), 0) << "the use is free at once";
    const absl::Status bob = Redeem("bob");
    EXPECT_TRUE(bob.ok()) << bob;
    ExpectRefusedFrom(point);
    ExpectJoined(link_, 1);
  }
}

TEST_F(RedeemMembershipSlow, WhereNeitherJoiningNorResolvingIsAnsweredItIsSettledLater) {
  armed_->Hold("join.begun", ann_);
  armed_->Hold("resolve.begun", ann_);
  const absl::Status late = Redeem("ann");
  EXPECT_TRUE(IsToBeTriedAgain(late)) << late;
  EXPECT_EQ(armed_->OpenReservations(), 1);
  armed_->Release("resolve.begun", ann_);
  ExpectJoined(link_, 0);
  ExpectRefusedFrom("join.begun");
  ExpectJoined(link_, 0);
}

TEST_F(RedeemMembershipSlow, FrozenAndThawedItJoinsNobodyWhoWasGivenUp) {
  membership().Freeze();
  const absl::Status late = Redeem("ann");
  EXPECT_TRUE(IsToBeTriedAgain(late)) << late;
  EXPECT_EQ(armed_->OpenReservations(), 1);
  membership().Thaw();
  const absl::Status bob = RedeemInsisting("bob");
  const absl::Status ann = RedeemInsisting("ann");
  EXPECT_NE(bob.ok(), ann.ok()) << "what was under way is decided either way: " << bob << ann;
  ExpectJoined(link_, 1);
}

}  // namespace
}  // namespace guestpass::faults
