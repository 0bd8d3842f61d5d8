// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "common/auth/seal.h"
#include "common/rpc/call.h"
#include "guestpass/membership/v1/channel.pb.h"
#include "services/membership/storage/membership_store.h"

namespace guestpass::membership {

// The methods of who takes part in channels; each blocks. Errors as in membership.proto. Thread-safe. What is
// passed in outlives this.
class ChannelMembers {
 public:
  ChannelMembers(MembershipStore& store, const auth::Sealer& pages) : store_(store), pages_(pages) {}

  // Of PRIVATE channels only, or FIELD_INVALID: a PUBLIC one is every member's, a DIRECT one is fixed when it
  // is started, and guests get to either kind by grants. PARTICIPATION_LIMIT_REACHED comes last, and only
  // where the user takes no part yet.
  absl::StatusOr<v1::ChannelMember> AddChannelMember(const rpc::Call& call,
                                                     const v1::AddChannelMemberRequest& request);
  absl::StatusOr<v1::RemoveChannelMemberResponse> RemoveChannelMember(
      const rpc::Call& call, const v1::RemoveChannelMemberRequest& request);
  absl::StatusOr<v1::ListChannelMembersResponse> ListChannelMembers(
      const rpc::Call& call, const v1::ListChannelMembersRequest& request);

  // The same set of people, whoever of them asks and however many ask at once, gets the same channel, also
  // where some have no room for another (PARTICIPATION_LIMIT_REACHED).
  absl::StatusOr<v1::Channel> StartDirectConversation(const rpc::Call& call,
                                                      const v1::StartDirectConversationRequest& request);

 private:
  MembershipStore& store_;
  const auth::Sealer& pages_;
};

}  // namespace guestpass::membership
