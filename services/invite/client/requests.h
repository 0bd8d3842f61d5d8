// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "common/rights/names.h"
#include "common/rpc/proto_time.h"
#include "services/invite/domain/draft.h"

// What the requests to membership have in common.
namespace guestpass::invite {

inline constexpr char kMembershipService[] = "membership";  // as errors name it

inline absl::Status MalformedAnswer() {
  return absl::InternalError("membership answered with what makes no sense");
}

inline void AddChannels(const std::vector<ChannelId>& channels,
                        google::protobuf::RepeatedPtrField<std::string>& ids) {
  for (const ChannelId& channel : channels) ids.Add(channel.ToString());
}

// Into `expire_time` or `ttl`.
template <typename Request>
void SetExpiry(const GuestExpiry& expiry, Request& request) {
  if (const auto* time = std::get_if<absl::Time>(&expiry)) {
    *request.mutable_expire_time() = rpc::ToProto(*time);
  }
  if (const auto* ttl = std::get_if<absl::Duration>(&expiry)) *request.mutable_ttl() = rpc::ToProto(*ttl);
}

}  // namespace guestpass::invite
