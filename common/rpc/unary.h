// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "common/auth/token_verifier.h"
#include "common/rpc/call.h"
#include "common/rpc/executor.h"
#include "common/time/clock.h"
#include "grpcpp/grpcpp.h"

namespace guestpass::rpc {

// What a call's metadata says of its caller: a copy, which outlives the call.
struct Credentials {
  std::optional<std::string> authorization;
  std::optional<std::string> forwarded;
  std::string
      request_id;  // the caller's `x-request-id` where it is 1 to 64 of A-Z a-z 0-9 . _ -, or a new one
  absl::Time deadline;
};

Credentials CredentialsOf(const grpc::CallbackServerContext& context);

// One user's part of a call that is made for several: the user's own call, or why it is none, where `call`
// has but the request id.
struct CallPart {
  Call call;
  absl::Status admission;
};

// A line of the log about an answer: of one that is no error only where debugging.
void LogOutcome(absl::string_view method, const Call& call, const absl::Status& status);

// Takes unary calls from gRPC's threads to handlers: authenticates, checks who may call, leaves alone what
// the caller has given up, and turns errors into the wire's. Thread-safe.
class Runner {
 public:
  // `for_users` are the services that are trusted to act for users.
  Runner(Executor& executor, auth::TokenVerifier& verifier, const Clock& clock,
         std::vector<std::string> for_users = {"edge"})
      : executor_(executor), verifier_(verifier), clock_(clock), for_users_(std::move(for_users)) {}

  // `handler` may block: it is called on the executor, as handler(call, request), and returns an
  // absl::StatusOr of the response. OVERLOADED where the executor is full.
  template <typename Request, typename Response, typename Handler>
  grpc::ServerUnaryReactor* Unary(grpc::CallbackServerContext* context, absl::string_view method,
                                  const Access& access, const Request* request, Response* response,
                                  Handler handler) {
    return Start(context, method, access,
                 [request, response, handler = std::move(handler)](const Call& call) -> absl::Status {
                   auto result = handler(call, *request);
                   if (!result.ok()) return std::move(result).status();
                   *response = *std::move(result);
                   return absl::OkStatus();
                 });
  }

  // As Unary, for a handler that begins its work and answers when it is done, so that no thread waits for
  // it. Called as handler(call, request, done) on a thread of gRPC's, where it must not block; it sees to it
  // that `done` is called once, there or on any other thread, with an absl::StatusOr of the response. `call`
  // and `request` stay until then; whether the caller still waits is not asked again.
  template <typename Request, typename Response, typename Handler>
  grpc::ServerUnaryReactor* UnaryLater(grpc::CallbackServerContext* context, absl::string_view method,
                                       const Access& access, const Request* request, Response* response,
                                       Handler handler) {
    return StartLater(context, method, access,
                      [request, response, handler = std::move(handler)](const Call& call, Answer answer) {
                        handler(call, *request,
                                [response, answer = std::move(answer)](absl::StatusOr<Response> result) {
                                  if (result.ok()) *response = *std::move(result);
                                  answer(result.status());
                                });
                      });
  }

  // Who calls. As auth::Authenticate.
  absl::StatusOr<Call> Authenticate(const Credentials& credentials) const;

  // A call as `call`'s service makes it for one of several users: `forwarded` and `request_id` are as the
  // headers would be.
  CallPart AuthenticateFor(const Call& call, const std::string& forwarded,
                           const std::string& request_id) const;

  // Whether the caller may. As CheckAccess.
  absl::Status Authorize(const Access& access, const auth::Caller& caller) const {
    return CheckAccess(access, caller, for_users_);
  }

 private:
  using Answer = std::function<void(const absl::Status&)>;

  grpc::ServerUnaryReactor* Start(grpc::CallbackServerContext* context, absl::string_view method,
                                  const Access& access, std::function<absl::Status(const Call&)> work);
  grpc::ServerUnaryReactor* StartLater(grpc::CallbackServerContext* context, absl::string_view method,
                                       const Access& access,
                                       absl::FunctionRef<void(const Call&, Answer)> work);
  absl::Status Admit(const grpc::CallbackServerContext& context, const Credentials& credentials,
                     const Access& access, Call& call) const;

  Executor& executor_;
  auth::TokenVerifier& verifier_;
  const Clock& clock_;
  const std::vector<std::string> for_users_;
};

}  // namespace guestpass::rpc
