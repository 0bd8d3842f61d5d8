// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <future>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "tests/faults/armed_test.h"
#include "tests/harness/eventually.h"

namespace guestpass::faults {
namespace {

using harness::Client;
using membership::v1::MembershipService;
using Stub = MembershipService::Stub;

// Where an attempt is stopped, in its order, and whether it has joined by then.
struct Step {
  const char* point;
  enum { kBefore, kJoining, kJoined } stage;
};
constexpr Step kSteps[] = {{"redeem.reserved", Step::kBefore}, {"join.begun", Step::kBefore},
                           {"join.judged", Step::kJoining},    {"join.committed", Step::kJoined},
                           {"redeem.joined", Step::kJoined},   {"redeem.settled", Step::kJoined}};

constexpr char kWaiters[] =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

// What happens in the middle of gina's redeeming a link that adam made, stopped at each step. Nothing waits
// for luck: it happens while she is held, or, where it waits for her, she goes on once it does.
class RedeemMiddle : public ArmedTest {
 protected:
  using Act = std::function<absl::Status()>;

  // What is to come of a round.
  struct Expected {
    bool act_waits = true;     // for who is joining: so that one joins first
    Reason refusal;            // of who has not joined when it happens, and comes again
    bool joined_stays = true;  // who has joined before it happens, and comes again, is a member
  };

  void Try(const Expected& expected, const std::function<Act()>& make_act) {
    for (const Step& step : kSteps) {
      SCOPED_TRACE(step.point);
      UseNewPlace();
      AddAdam();
      link_ = NewLink(2, "adam");
      Round(step, expected, make_act());
      if (HasFatalFailure()) return;
    }
  }

  void Round(const Step& step, const Expected& expected, const Act& act) {
    const std::string gina = armed_->KeyOf(link_, "gina");
    armed_->Hold(step.point, gina);
    ArmedStack::Outcome redeemed = armed_->Redeem("gina", link_.secret);
    ASSERT_TRUE(armed_->AwaitReached(step.point, gina));
    std::future<absl::Status> acted = std::async(std::launch::async, act);
    const bool joins_first =
        step.stage == Step::kJoined || (step.stage == Step::kJoining && expected.act_waits);
    if (step.stage == Step::kJoining && expected.act_waits) {
      EXPECT_TRUE(harness::Eventually(kPatience, [&] { return Waiters() > 0; })) << "it waits for who joins";
    } else {
      acted.wait();
    }
    armed_->Release(step.point, gina);
    const absl::Status happened = acted.get(), first = redeemed.get();
    EXPECT_TRUE(happened.ok()) << happened;
    EXPECT_EQ(first.ok(), joins_first) << first;
    const absl::Status again = armed_->RedeemInsisting("gina", link_.secret).get();
    const bool stays = joins_first && expected.joined_stays;
    EXPECT_TRUE(stays ? again.ok() : HasReason(again, expected.refusal)) << again;
    ExpectJoined(link_, joins_first ? 1 : 0);
  }

  int64_t Waiters() {
    const auto waiters = armed_->members().Run(kWaiters);
    EXPECT_TRUE(waiters.ok()) << waiters.status();
    return waiters.ok() ? waiters->Int64(0, 0) : 0;
  }

  void AddAdam() {
    membership::v1::CreateMemberRequest request;
    request.set_parent(place_.workspace);
    request.set_user(armed_->stack().UserId("adam"));
    request.set_role(type::v1::ROLE_ADMIN);
    const auto added = armed_->stack().User("olga").Call(&Stub::CreateMember, request);
    ASSERT_TRUE(added.ok()) << added.status();
  }

  std::string MemberName(const std::string& user) const {
    return absl::StrCat(place_.workspace, "/members/", armed_->stack().UserId(user));
  }

  // A call of olga's, for another thread.
  template <typename Method, typename Request>
  Act Calling(Method method, const Request& request) {
    const auto olga = std::make_shared<const Client>(armed_->stack().User("olga"));
    return [olga, method, request] { return olga->Call(method, request, kPatience).status(); };
  }

  Link link_;
};

TEST_F(RedeemMiddle, ALinkThatIsRevokedLetsNobodyInAfterItsOk) {
  const Expected expected = {.act_waits = false, .refusal = Reason::kInviteRevoked};
  Try(expected, [&]() -> Act {
    return [&]() -> absl::Status {
      ASSIGN_OR_RETURN(const int32_t joined, armed_->RevokeInsisting(link_.name));
      const int64_t joined_then = armed_->AllUses()[link_.id].joined;
      return joined == joined_then ? absl::OkStatus() : absl::InternalError(absl::StrCat(joined, " joined"));
    };
  });
}

TEST_F(RedeemMiddle, ALinkOfADemotedAdminIsJudgedAsItCommits) {
  Try({.refusal = Reason::kInviteNoLongerValid}, [&] {
    membership::v1::UpdateMemberRequest request;
    request.mutable_member()->set_name(MemberName("adam"));
    request.mutable_member()->set_role(type::v1::ROLE_MEMBER);
    request.mutable_update_mask()->add_paths("role");
    return Calling(&Stub::UpdateMember, request);
  });
}

TEST_F(RedeemMiddle, ALinkIntoAnArchivedChannelIsJudgedAsItCommits) {
  Try({.refusal = Reason::kInviteNoLongerValid}, [&] {
    membership::v1::ArchiveChannelRequest request;
    request.set_name(place_.open_channel);
    return Calling(&Stub::ArchiveChannel, request);
  });
}

// Who is no member yet becomes one by another link, to be removed.
TEST_F(RedeemMiddle, WhoIsRemovedDoesNotComeBackByIt) {
  Try({.refusal = Reason::kInviteNoLongerValid, .joined_stays = false}, [&]() -> Act {
    const Link other = NewLink(1);
    membership::v1::DeleteMemberRequest request;
    request.set_name(MemberName("gina"));
    const Act remove = Calling(&Stub::DeleteMember, request);
    const auto join = std::make_shared<const Client>(armed_->stack().User("gina"));
    return [=]() -> absl::Status {
      invite::v1::RedeemInviteRequest redeem;
      redeem.set_secret(other.secret);
      RETURN_IF_ERROR(join->Call(&invite::v1::InviteService::Stub::RedeemInvite, redeem, kPatience).status());
      return remove();
    };
  });
}

TEST_F(RedeemMiddle, ADeletedWorkspaceIsJoinedByNobody) {
  Try({.refusal = Reason::kInviteNoLongerValid, .joined_stays = false}, [&] {
    membership::v1::DeleteWorkspaceRequest request;
    request.set_name(place_.workspace);
    return Calling(&Stub::DeleteWorkspace, request);
  });
}

}  // namespace
}  // namespace guestpass::faults
