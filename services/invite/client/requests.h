// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/rights/names.h"
#include "common/rpc/call.h"
#include "common/rpc/proto_time.h"
#include "services/invite/domain/draft.h"

// What the requests to membership have in common.
namespace guestpass::invite {

inline constexpr char kMembershipService[] = "membership";  // as errors name it

inline constexpr absl::Duration kMembershipTimeout = absl::Seconds(3);  // of what is not a joining

inline absl::Status MalformedAnswer() {
  return absl::InternalError("membership answered with what makes no sense");
}

// Says in a part of a request for several users whose it is.
template <typename Part>
void SetUser(const rpc::Call& call, Part& part) {
  part.set_user_authorization(absl::StrCat("Bearer ", call.caller.user_token));
  part.set_request_id(call.request_id);
}

// For how long several users' answers are awaited: as long as the most patient one does, but at most that.
template <typename Parts, typename CallOf>
absl::Duration TimeFor(const Parts& parts, CallOf call_of, absl::Duration most) {
  absl::Time deadline = absl::InfinitePast();
  for (const auto& part : parts) deadline = std::max(deadline, call_of(part).deadline);
  return std::min(most, deadline - absl::Now());
}

// What the error of a call for several says of each of its users: that membership did not answer, or has too
// much to do. Nothing else is about a user.
inline absl::Status OfEach(const absl::Status& status) {
  if (status.ok() || absl::IsUnavailable(status) || absl::IsResourceExhausted(status)) return status;
  return absl::InternalError(absl::StrCat("membership refused a call for several users: ", status.message()));
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
