// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/rights/names.h"
#include "common/rpc/call.h"
#include "services/membership/storage/locks.h"
#include "services/membership/storage/membership_tx.h"

// Channels as those have them who change something of them. Each needs the channel and the caller locked.
namespace guestpass::membership {

// The channel, for a caller with ADMIN authority, which need not read it. CHANNEL_NOT_FOUND, also for a
// DIRECT one that the caller does not see; FIELD_INVALID naming `field` for one that it does: nobody manages
// those.
absl::StatusOr<Channel> FindManaged(const ChannelName& name, absl::string_view field, const rpc::Call& call,
                                    const Locked& locked, MembershipTx& tx);

// The channel, if `user` may read it now. CHANNEL_NOT_FOUND, the same whether or not it exists.
absl::StatusOr<Channel> FindReadable(const ChannelName& name, const UserId& user, const Locked& locked,
                                     MembershipTx& tx);

// OK if each of these users, in order, may be given a part in a new channel of that kind in the workspace, or
// in one that there is; else PARTICIPATION_LIMIT_REACHED {user}, naming the first that may not.
absl::Status RequireRoom(const WorkspaceId& workspace, rights::ChannelKind kind,
                         const std::vector<UserId>& users, MembershipTx& tx);

}  // namespace guestpass::membership
