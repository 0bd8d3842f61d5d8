// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/client.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace guestpass::rpc {

std::shared_ptr<grpc::Channel> Dial(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetLoadBalancingPolicyName("round_robin");
  arguments.SetMaxReceiveMessageSize(64 << 20);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

CallContext::CallContext(const auth::ServiceToken& token, absl::Duration timeout) {
  context_.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
  context_.AddMetadata("authorization", absl::StrCat("Bearer ", token.Get()));
}

CallContext::CallContext(const auth::ServiceToken& token, absl::Duration timeout, const Call& call)
    : CallContext(token, timeout) {
  context_.set_deadline(absl::ToChronoTime(std::min(absl::Now() + timeout, call.deadline)));
  context_.AddMetadata("x-request-id", call.request_id);
  if (call.caller.user.has_value()) {
    context_.AddMetadata("guestpass-user-authorization", absl::StrCat("Bearer ", call.caller.user_token));
  }
}

}  // namespace guestpass::rpc
