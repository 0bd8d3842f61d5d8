// SPDX-License-Identifier: Apache-2.0
#include "services/invite/client/invite_checks.h"

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/auth/random.h"
#include "common/rpc/test_peer.h"
#include "common/rpc/wire_status.h"
#include "common/status/error.h"
#include "gtest/gtest.h"

// Invites that are checked together.
namespace guestpass::invite {
namespace {

namespace rv1 = ::guestpass::rights::v1;

// Says of each invite whose token it came with, but refuses the user "refused". Does not answer while it is
// held.
class WireMembership final : public rv1::RightsService::Service {
 public:
  std::mutex held;
  std::atomic<int> begun = 0;
  // Guarded by `held`.
  grpc::Status status;        // of calls with more than one check
  int forgotten = 0;          // outcomes that their answers are short of
  std::vector<size_t> sizes;  // of the calls
  absl::Duration allowed;     // from the last call's coming in to its deadline

  grpc::Status BatchCheckInvites(grpc::ServerContext* context, const rv1::BatchCheckInvitesRequest* request,
                                 rv1::BatchCheckInvitesResponse* response) override {
    const absl::Duration time = absl::FromChrono(context->deadline()) - absl::Now();
    ++begun;
    const std::lock_guard<std::mutex> lock(held);
    allowed = time;
    sizes.push_back(static_cast<size_t>(request->checks_size()));
    for (const auto& check : request->checks()) Answer(check, *response->add_outcomes());
    if (request->checks_size() == 1) return grpc::Status::OK;
    for (int i = 0; i < forgotten; ++i) response->mutable_outcomes()->RemoveLast();
    return status;
  }

 private:
  static void Answer(const rv1::BatchCheckInvitesRequest::Check& check,
                     rv1::BatchCheckInvitesResponse::Outcome& outcome) {
    if (check.user_authorization() == "Bearer refused") {
      *outcome.mutable_error() = rpc::ToWire(Error(Reason::kRoleTooLow, "No."), check.request_id());
      return;
    }
    auto& checked = *outcome.mutable_checked();
    checked.mutable_database_time()->set_seconds(1);
    checked.set_workspace_display_name(
        absl::StrCat(check.user_authorization(), " ", check.request_id(), " ", check.request().workspace()));
  }
};

class InviteChecksTest : public testing::Test {
 protected:
  static rpc::Call CallOf(const std::string& user, absl::Duration time = absl::Minutes(1)) {
    rpc::Call call{.request_id = "request-of-" + user, .deadline = absl::Now() + time};
    call.caller.user_token = user;
    return call;
  }

  std::string OwnAnswer(const std::string& user) const {
    return absl::StrCat("Bearer ", user, " request-of-", user, " ", workspace_.ToString());
  }

  // What the caller is told: membership's words, or the reason of an error.
  std::string Check(InviteChecks& checks, const rpc::Call& call) {
    const auto check = checks.Check(call, workspace_, {});
    if (check.ok()) return check->workspace_display_name;
    const auto details = DetailsOf(check.status());
    return details.has_value() ? std::string(ReasonName(details->reason)) : check.status().ToString();
  }

  // Asks for all of them at once while the first call is under way; `then` is called once they wait.
  std::vector<std::string> CheckTogether(
      const std::vector<rpc::Call>& calls, const std::function<void()>& then = [] {}) {
    InviteChecks checks(*stub_, peer_.token(), {.timeout = absl::Minutes(1), .patience = absl::Hours(1)});
    wire_.begun = 0;
    std::unique_lock<std::mutex> hold(wire_.held);
    std::thread first([&] { EXPECT_EQ(Check(checks, CallOf("first")), OwnAnswer("first")); });
    while (wire_.begun < 1) std::this_thread::yield();
    std::vector<std::string> answers(calls.size());
    std::vector<std::thread> callers;
    for (size_t i = 0; i < calls.size(); ++i) {
      callers.emplace_back([&, i] { answers[i] = Check(checks, calls[i]); });
    }
    while (checks.waiting() < calls.size()) std::this_thread::yield();
    then();
    hold.unlock();
    first.join();
    for (std::thread& caller : callers) caller.join();
    return answers;
  }

  const WorkspaceId workspace_ = auth::NewId<WorkspaceId>();
  WireMembership wire_;
  const rpc::TestPeer peer_{wire_};
  const std::unique_ptr<rv1::RightsService::Stub> stub_ = rv1::RightsService::NewStub(peer_.channel());
};

TEST_F(InviteChecksTest, WhoComesWhileMembershipIsAskedGoesTogetherEachWithItsOwnTokenAndAnswer) {
  EXPECT_EQ(CheckTogether({CallOf("ann"), CallOf("refused"), CallOf("cat")}),
            (std::vector<std::string>{OwnAnswer("ann"), "ROLE_TOO_LOW", OwnAnswer("cat")}));
  EXPECT_EQ(wire_.sizes, (std::vector<size_t>{1, 3}));
}

TEST_F(InviteChecksTest, ACallHasAtMost16) {
  EXPECT_EQ(CheckTogether(std::vector<rpc::Call>(20, CallOf("ann"))),
            std::vector<std::string>(20, OwnAnswer("ann")));
  EXPECT_EQ(wire_.sizes, (std::vector<size_t>{1, 16, 4}));
}

TEST_F(InviteChecksTest, ACallThatTakesLongHoldsUpNobodyElse) {
  InviteChecks checks(*stub_, peer_.token());
  std::unique_lock<std::mutex> hold(wire_.held);
  std::thread first([&] { EXPECT_EQ(Check(checks, CallOf("first")), OwnAnswer("first")); });
  while (wire_.begun < 1) std::this_thread::yield();
  std::thread second([&] { EXPECT_EQ(Check(checks, CallOf("second")), OwnAnswer("second")); });
  while (wire_.begun < 2) std::this_thread::yield();
  hold.unlock();
  first.join();
  second.join();
}

TEST_F(InviteChecksTest, ACrowdIsAwaitedForAsLongAsTheMostPatientOfItAndWhoseTimeIsOverIsToldSo) {
  const rpc::Call hurried = CallOf("hurried", absl::Milliseconds(1));
  EXPECT_EQ(CheckTogether({CallOf("ann", absl::Seconds(30)), hurried, CallOf("cat", absl::Seconds(20))},
                          [&] { absl::SleepFor(hurried.deadline - absl::Now()); }),
            (std::vector<std::string>{OwnAnswer("ann"), "SERVICE_UNAVAILABLE", OwnAnswer("cat")}));
  EXPECT_EQ(wire_.sizes, (std::vector<size_t>{1, 3}));
  EXPECT_GT(wire_.allowed, absl::Seconds(21));
  EXPECT_LT(wire_.allowed, absl::Seconds(31)) << "gRPC rounds up";
}

TEST_F(InviteChecksTest, MembershipHasThreeSeconds) {
  InviteChecks checks(*stub_, peer_.token());
  EXPECT_EQ(Check(checks, CallOf("ann")), OwnAnswer("ann"));
  EXPECT_LT(wire_.allowed, absl::Seconds(3.2)) << "gRPC rounds up";
}

TEST_F(InviteChecksTest, WhatIsSaidOfTheWholeCallIsSaidToEachButNeverAsIfOfItsOwnInvite) {
  const std::vector<rpc::Call> crowd = {CallOf("ann"), CallOf("ben"), CallOf("cat")};
  const auto told = [&](const absl::Status& status) {
    return CheckTogether(crowd, [&] { wire_.status = rpc::ToGrpc(status, "r"); });
  };
  EXPECT_EQ(told(Error(Reason::kOverloaded, "too much")), std::vector<std::string>(3, "OVERLOADED"));
  EXPECT_EQ(told(Error(Reason::kTokenExpired, "expired", {{"header", "authorization"}})),
            std::vector<std::string>(3, "SERVICE_UNAVAILABLE"));
  for (const std::string& answer : told(FieldInvalid("checks", "has more than 64"))) {
    EXPECT_EQ(answer.find("INTERNAL"), 0u) << answer << ": a bad field would mean that one has the authority";
  }
  wire_.status = grpc::Status::OK;
  for (const std::string& answer : CheckTogether(crowd, [&] { wire_.forgotten = 1; })) {
    EXPECT_EQ(answer.find("INTERNAL"), 0u) << answer << ": whose is the one that is missing?";
  }
}

}  // namespace
}  // namespace guestpass::invite
