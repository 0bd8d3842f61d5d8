// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "common/auth/seal.h"
#include "common/rpc/call.h"
#include "guestpass/membership/v1/channel.pb.h"
#include "services/membership/storage/membership_store.h"

namespace guestpass::membership {

// The methods of channels; each blocks. Errors as in membership.proto. Thread-safe. What is passed in
// outlives this. ADMIN authority manages PUBLIC and PRIVATE channels, even those that it may not read (P11).
// Nobody manages a DIRECT one: CHANNEL_NOT_FOUND, or FIELD_INVALID for those who take part in it.
class Channels {
 public:
  Channels(MembershipStore& store, const auth::Sealer& pages) : store_(store), pages_(pages) {}

  absl::StatusOr<v1::Channel> CreateChannel(const rpc::Call& call, const v1::CreateChannelRequest& request);
  absl::StatusOr<v1::Channel> GetChannel(const rpc::Call& call, const v1::GetChannelRequest& request);
  absl::StatusOr<v1::ListChannelsResponse> ListChannels(const rpc::Call& call,
                                                        const v1::ListChannelsRequest& request);
  absl::StatusOr<v1::Channel> UpdateChannel(const rpc::Call& call, const v1::UpdateChannelRequest& request);
  absl::StatusOr<v1::Channel> ArchiveChannel(const rpc::Call& call, const v1::ArchiveChannelRequest& request);

 private:
  MembershipStore& store_;
  const auth::Sealer& pages_;
};

}  // namespace guestpass::membership
