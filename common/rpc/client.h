// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/auth/service_token.h"
#include "common/rpc/call.h"
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

}  // namespace guestpass::rpc
