// SPDX-License-Identifier: Apache-2.0
#include "services/invite/client/invite_checks.h"

#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/auth/random.h"
#include "common/rpc/client.h"
#include "common/rpc/wire_status.h"
#include "common/status/error.h"
#include "gtest/gtest.h"

// Invites that are checked together.
namespace guestpass::invite {
namespace {

namespace rv1 = ::guestpass::rights::v1;

// Says of each invite whose token it came with. Answers while it is not held; refuses the user "refused".
class WireMembership final : public rv1::RightsService::Service {
 public:
  std::mutex held;
  std::atomic<size_t> begun = 0;
  std::atomic<int> forgotten = 0;  // outcomes that are left out of an answer
  std::vector<size_t> sizes;       // of the calls, guarded by `held`
  absl::Duration allowed;          // from the last call's coming in to its deadline, guarded by `held`

  grpc::Status BatchCheckInvites(grpc::ServerContext* context, const rv1::BatchCheckInvitesRequest* request,
                                 rv1::BatchCheckInvitesResponse* response) override {
    ++begun;
    const std::lock_guard<std::mutex> lock(held);
    sizes.push_back(static_cast<size_t>(request->checks_size()));
    allowed = absl::FromChrono(context->deadline()) - absl::Now();
    for (int i = 0; i < request->checks_size() - forgotten; ++i) {
      const auto& check = request->checks(i);
      if (check.user_authorization() == "Bearer refused") {
        *response->add_outcomes()->mutable_error() =
            rpc::ToWire(Error(Reason::kRoleTooLow, "No."), check.request_id());
        continue;
      }
      auto& checked = *response->add_outcomes()->mutable_checked();
      checked.mutable_database_time()->set_seconds(1);
      checked.set_workspace_display_name(absl::StrCat(check.user_authorization(), " ", check.request_id(),
                                                      " ", check.request().workspace()));
    }
    return grpc::Status::OK;
  }
};

class InviteChecksTest : public testing::Test {
 protected:
  void SetUp() override {
    const std::string path = testing::TempDir() + "checks_token";
    std::ofstream(path) << "service.token";
    token_ = *auth::ServiceToken::Open(path);
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&wire_);
    server_ = builder.BuildAndStart();
    stub_ = rv1::RightsService::NewStub(rpc::Dial(absl::StrCat("127.0.0.1:", port)));
  }

  static rpc::Call CallOf(const std::string& user) {
    rpc::Call call{.request_id = "request-of-" + user, .deadline = absl::Now() + absl::Minutes(1)};
    call.caller.user_token = user;
    return call;
  }

  // What `user` is told.
  std::string Check(InviteChecks& checks, const std::string& user) {
    const auto check = checks.Check(CallOf(user), workspace_, {});
    if (!check.ok()) return std::string(check.status().message());
    return check->workspace_display_name;
  }

  std::string OwnAnswer(const std::string& user) const {
    return absl::StrCat("Bearer ", user, " request-of-", user, " ", workspace_.ToString());
  }

  // Asks for all of them at once while the first call is under way.
  std::vector<std::string> CheckTogether(InviteChecks& checks, const std::vector<std::string>& users) {
    std::unique_lock<std::mutex> hold(wire_.held);
    std::thread first([&] { EXPECT_EQ(Check(checks, "first"), OwnAnswer("first")); });
    while (wire_.begun < 1) std::this_thread::yield();
    std::vector<std::string> answers(users.size());
    std::vector<std::thread> callers;
    for (size_t i = 0; i < users.size(); ++i) {
      callers.emplace_back([&, i] { answers[i] = Check(checks, users[i]); });
    }
    while (checks.waiting() < users.size()) std::this_thread::yield();
    hold.unlock();
    first.join();
    for (std::thread& caller : callers) caller.join();
    return answers;
  }

  const WorkspaceId workspace_ = auth::NewId<WorkspaceId>();
  WireMembership wire_;
  std::unique_ptr<auth::ServiceToken> token_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<rv1::RightsService::Stub> stub_;
};

TEST_F(InviteChecksTest, WhoComesWhileMembershipIsAskedGoesTogetherEachWithItsOwnTokenAndAnswer) {
  InviteChecks checks(*stub_, *token_, /*patience=*/absl::Hours(1));
  EXPECT_EQ(CheckTogether(checks, {"ann", "refused", "cat"}),
            (std::vector<std::string>{OwnAnswer("ann"), "No.", OwnAnswer("cat")}));
  EXPECT_EQ(wire_.sizes, (std::vector<size_t>{1, 3}));
}

TEST_F(InviteChecksTest, ACallHasAtMost32) {
  InviteChecks checks(*stub_, *token_, /*patience=*/absl::Hours(1));
  const std::vector<std::string> users(40, "ann");
  EXPECT_EQ(CheckTogether(checks, users), std::vector<std::string>(40, OwnAnswer("ann")));
  EXPECT_EQ(wire_.sizes, (std::vector<size_t>{1, 32, 8}));
}

TEST_F(InviteChecksTest, ACallThatTakesLongHoldsUpNobodyElse) {
  InviteChecks checks(*stub_, *token_);
  std::unique_lock<std::mutex> hold(wire_.held);
  std::thread first([&] { EXPECT_EQ(Check(checks, "first"), OwnAnswer("first")); });
  while (wire_.begun < 1) std::this_thread::yield();
  std::thread second([&] { EXPECT_EQ(Check(checks, "second"), OwnAnswer("second")); });
  while (wire_.begun < 2) std::this_thread::yield();
  hold.unlock();
  first.join();
  second.join();
}

TEST_F(InviteChecksTest, AnAnswerThatIsShortOfOneIsNobodys) {
  InviteChecks checks(*stub_, *token_, /*patience=*/absl::Hours(1));
  wire_.forgotten = 1;
  EXPECT_TRUE(absl::IsInternal(checks.Check(CallOf("ann"), workspace_, {}).status()));
}

TEST_F(InviteChecksTest, ACrowdIsAwaitedForAsLongAsTheMostPatientOfItButThreeSeconds) {
  InviteChecks checks(*stub_, *token_, /*patience=*/absl::Hours(1));
  rpc::Call hurried = CallOf("ann");
  hurried.deadline = absl::Now() + absl::Seconds(2);
  ASSERT_TRUE(checks.Check(hurried, workspace_, {}).ok());
  EXPECT_LT(wire_.allowed, absl::Seconds(2.2)) << "gRPC rounds up";
  ASSERT_TRUE(checks.Check(CallOf("ann"), workspace_, {}).ok());
  EXPECT_GT(wire_.allowed, absl::Seconds(2.2));
  EXPECT_LT(wire_.allowed, absl::Seconds(3.2));
}

}  // namespace
}  // namespace guestpass::invite
