// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "common/auth/service_token.h"
#include "common/rpc/call.h"
#include "common/rpc/wire_status.h"
#include "grpcpp/grpcpp.h"

namespace guestpass::rpc {

// A channel to another service of guestpass: quick to reconnect, pings while calls are open, spreads over all
// addresses of the name. Connects by itself, and again.
std::shared_ptr<grpc::Channel> Dial(const std::string& address);

// The context of one call to another service: this service's own credential, and where it acts for a user
// the user's token and the request id that it came with.
class CallContext {
 public:
  // On this service's own behalf.
  CallContext(const auth::ServiceToken& token, absl::Duration timeout);

  // For `call`'s user, within what is left of its time.
  CallContext(const auth::ServiceToken& token, absl::Duration timeout, const Call& call);

  grpc::ClientContext* get() { return &context_; }

 private:
  grpc::ClientContext context_;
};

// Calls a method of a service's stub, `stub->async()`, and waits for the answer; its error as the service
// named `service` gave it. Not by the stub's method that blocks: there each caller reads the connection for
// all who wait, which costs more the more they are. Here the library's threads do.
template <typename Stub, typename Request, typename Response>
absl::Status Ask(Stub* stub,
                 void (Stub::*method)(grpc::ClientContext*, const Request*, Response*,
                                      std::function<void(grpc::Status)>),
                 CallContext& context, const Request& request, Response& response,
                 const std::string& service) {
  grpc::Status status;
  absl::Notification answered;
  (stub->*method)(context.get(), &request, &response, [&](grpc::Status given) {
    status = std::move(given);
    answered.Notify();
  });
  answered.WaitForNotification();
  return FromGrpc(status, service);
}

}  // namespace guestpass::rpc
