// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/unary.h"

#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/auth/issuer.h"
#include "common/auth/random.h"
#include "common/rpc/server.h"
#include "common/rpc/test_service.grpc.pb.h"
#include "common/rpc/wire_status.h"
#include "common/status/error.h"
#include "common/telemetry/log.h"
#include "gtest/gtest.h"

namespace guestpass::rpc {
namespace {

using test::EchoRequest;
using test::EchoResponse;
using Done = std::function<void(absl::StatusOr<EchoResponse>)>;
using Handler = std::function<void(const Call&, const EchoRequest&, Done)>;

class Echoes : public test::EchoService::CallbackService {
 public:
  explicit Echoes(Runner& runner) : runner_(runner) {}

  grpc::ServerUnaryReactor* Echo(grpc::CallbackServerContext* context, const EchoRequest* request,
                                 EchoResponse* response) override {
    return runner_.UnaryLater(context, "Echo", {.users = true}, request, response,
                              [this](const Call& call, const EchoRequest& message, Done done) {
                                handler(call, message, std::move(done));
                              });
  }

  Handler handler = [](const Call&, const EchoRequest& request, Done done) { done(EchoOf(request)); };

  static EchoResponse EchoOf(const EchoRequest& request) {
    EchoResponse response;
    response.set_text(request.text());
    return response;
  }

 private:
  Runner& runner_;
};

class UnaryLaterTest : public testing::Test {
 protected:
  UnaryLaterTest() { executor_.Stop(); }  // nothing here needs a thread of it

  // What Echo answers, "OK TEXT" or a reason.
  std::string Echo(const std::string& text, const std::string& token) {
    grpc::ClientContext context;
    return Echo(context, text, token);
  }
  std::string Echo(grpc::ClientContext& context, const std::string& text, const std::string& token) {
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    EchoRequest request;
    request.set_text(text);
    EchoResponse response;
    const grpc::Status status = stub_->Echo(&context, request, &response);
    if (status.ok()) return "OK " + response.text();
    const auto details = DetailsOf(FromGrpc(status));
    return details.has_value() ? std::string(ReasonName(details->reason)) : status.error_message();
  }

  std::string Token(const std::string& service = "") const {
    return issuer_.Mint({.subject = "ann",
                         .service = service,
                         .issue_time = absl::Now() - absl::Seconds(10),
                         .expire_time = absl::Now() + absl::Hours(1)});
  }

  static std::unique_ptr<auth::KeySetSource> KeysOf(const auth::Issuer& issuer) {
    const std::string path = absl::StrCat(testing::TempDir(), "/", auth::Base32(auth::RandomBytes(8)));
    std::ofstream(path) << issuer.Jwks();
    return *auth::KeySetSource::Open(path);
  }

  const auth::Issuer issuer_ = auth::Issuer::Create();
  const std::unique_ptr<auth::KeySetSource> keys_ = KeysOf(issuer_);
  auth::TokenVerifier verifier_{*keys_, auth::kDevelopmentIssuer, auth::kDevelopmentAudience};
  Executor executor_{1, 1};
  Runner runner_{executor_, verifier_, SystemClock()};
  Echoes echoes_{runner_};
  const std::unique_ptr<Server> server_ = *Server::Start({.listen = "127.0.0.1:0"}, {&echoes_}, {});
  const std::unique_ptr<test::EchoService::Stub> stub_ = test::EchoService::NewStub(
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->port()), grpc::InsecureChannelCredentials()));
};

TEST_F(UnaryLaterTest, TheHandlerAnswersAtOnceOrLaterFromAnotherThread) {
  EXPECT_EQ(Echo("now", Token()), "OK now");
  std::thread later;
  echoes_.handler = [&](const Call& call, const EchoRequest& request, Done done) {
    later = std::thread([&call, &request, done] {
      EchoResponse response;
      response.set_text(absl::StrCat(request.text(), " by ", call.caller.user->subject));
      done(response);
    });
  };
  EXPECT_EQ(Echo("later", Token()), "OK later by ann");
  later.join();
}

TEST_F(UnaryLaterTest, WhoMayNotCallIsRefusedBeforeTheHandlerAndEachOutcomeIsLogged) {
  absl::Mutex mutex;
  std::string log;
  telemetry::SetLogSink([&](absl::string_view line) {
    absl::MutexLock lock(&mutex);
    log.append(line.data(), line.size());
  });
  echoes_.handler = [](const Call&, const EchoRequest&, Done done) {
    done(Error(Reason::kChannelArchived, "handled"));
  };
  EXPECT_EQ(Echo("", ""), "CREDENTIALS_MISSING");
  EXPECT_EQ(Echo("", Token("invite")), "CALLER_NOT_ALLOWED");
  EXPECT_EQ(Echo("", Token()), "CHANNEL_ARCHIVED");
  telemetry::SetLogSink(nullptr);
  for (const char* reason : {"CREDENTIALS_MISSING", "CALLER_NOT_ALLOWED", "CHANNEL_ARCHIVED"}) {
    EXPECT_NE(log.find(reason), std::string::npos) << reason << " in " << log;
  }
}

TEST_F(UnaryLaterTest, APartForAUserHasTheServiceTheDeadlineAndItsOwnRequestIdAlsoWhereItIsRefused) {
  Call call{.request_id = "whole", .deadline = absl::Now()};
  call.caller.service = "invite";
  const CallPart good = runner_.AuthenticateFor(call, "Bearer " + Token(), "r-1");
  ASSERT_TRUE(good.admission.ok()) << good.admission;
  EXPECT_EQ(good.call.caller.user->subject, "ann");
  const CallPart refused = runner_.AuthenticateFor(call, "Bearer no.token", "r-2");
  EXPECT_TRUE(HasReason(refused.admission, Reason::kTokenMalformed)) << refused.admission;
  EXPECT_FALSE(refused.call.caller.user.has_value());
  EXPECT_EQ(good.call.request_id + refused.call.request_id, "r-1r-2");
  for (const CallPart& part : {good, refused}) {
    EXPECT_EQ(part.call.caller.service, "invite");
    EXPECT_EQ(part.call.deadline, call.deadline);
  }
}

TEST_F(UnaryLaterTest, AnAnswerThatNobodyWaitsForAnyMoreDoesNoHarm) {
  absl::Notification asked;
  Done kept;
  std::string request_id;
  echoes_.handler = [&](const Call& call, const EchoRequest&, Done done) {
    request_id = call.request_id;
    kept = std::move(done);
    asked.Notify();
  };
  grpc::ClientContext context;
  context.AddMetadata("x-request-id", "r-1");
  std::thread caller([&] { EXPECT_NE(Echo(context, "gone", Token()), "OK gone"); });
  asked.WaitForNotification();
  context.TryCancel();
  caller.join();
  EXPECT_EQ(request_id, "r-1");
  kept(EchoResponse());
  kept = nullptr;
  echoes_.handler = [](const Call&, const EchoRequest& request, Done done) { done(Echoes::EchoOf(request)); };
  EXPECT_EQ(Echo("next", Token()), "OK next");
}

}  // namespace
}  // namespace guestpass::rpc
