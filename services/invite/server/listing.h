// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "absl/status/statusor.h"
#include "common/auth/seal.h"
#include "common/rpc/call.h"
#include "guestpass/invite/v1/invite.pb.h"
#include "services/invite/client/membership.h"
#include "services/invite/storage/invite_store.h"

namespace guestpass::invite {

// GetInvite and ListInvites, for who may invite; others get ROLE_TOO_LOW, whether or not an invite is there.
// Thread-safe; blocks.
class Listing {
 public:
  // Both outlive this. `pages` seals page tokens.
  Listing(InviteStore& store, Membership& membership, auth::Sealer pages)
      : store_(store), membership_(membership), pages_(std::move(pages)) {}

  // INVITE_NOT_FOUND.
  absl::StatusOr<v1::Invite> Get(const rpc::Call& call, const v1::GetInviteRequest& request);

  // The newest first (I19). FIELD_INVALID, PAGE_TOKEN_INVALID.
  absl::StatusOr<v1::ListInvitesResponse> List(const rpc::Call& call, const v1::ListInvitesRequest& request);

 private:
  InviteStore& store_;
  Membership& membership_;
  const auth::Sealer pages_;
};

}  // namespace guestpass::invite
