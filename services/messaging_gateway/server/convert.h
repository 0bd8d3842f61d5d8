// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/time/time.h"
#include "common/rights_feed/member_rights.h"
#include "guestpass/messaging/v1/messaging.pb.h"
#include "services/messaging_gateway/domain/message.h"

// Between the gateway's values and its API. Pure.
namespace guestpass::messaging {

v1::Message ToProto(const Message& message);
v1::ConnectResponse ToEventFrame(const Message& message);

// A member's rights as its client is told them, at `now` by membership's clock.
v1::Rights ToProto(const WorkspaceId& workspace, const rights_feed::MemberRights::State& state,
                   absl::Time now);

}  // namespace guestpass::messaging
