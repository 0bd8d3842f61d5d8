// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

// Takes unary calls from gRPC's threads to handlers on an executor: authenticates, checks who may call,
// leaves alone what the caller has given up, and turns errors into the wire's. OVERLOADED where the executor
// is full. Thread-safe.
class Runner {
 public:
  // `for_users` are the services that are trusted to act for users.
  Runner(Executor& executor, auth::TokenVerifier& verifier, const Clock& clock,
         std::vector<std::string> for_users = {"edge"})
      : executor_(executor), verifier_(verifier), clock_(clock), for_users_(std::move(for_users)) {}

  // `handler` is called as handler(call, request) and returns an absl::StatusOr of the response.
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

  // Who calls. As auth::Authenticate.
  absl::StatusOr<Call> Authenticate(const Credentials& credentials) const;

  // Whether the caller may. As CheckAccess.
  absl::Status Authorize(const Access& access, const auth::Caller& caller) const {
    return CheckAccess(access, caller, for_users_);
  }

 private:
  grpc::ServerUnaryReactor* Start(grpc::CallbackServerContext* context, absl::string_view method,
                                  const Access& access, std::function<absl::Status(const Call&)> work);
  absl::Status Run(const Credentials& credentials, const Access& access, Call& call,
                   const std::function<absl::Status(const Call&)>& work) const;

  Executor& executor_;
  auth::TokenVerifier& verifier_;
  const Clock& clock_;
  const std::vector<std::string> for_users_;
};

}  // namespace guestpass::rpc
