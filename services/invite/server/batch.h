// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "common/rpc/call.h"
#include "guestpass/invite/v1/invite.pb.h"
#include "services/invite/client/outbox.h"
#include "services/invite/server/creation.h"
#include "services/invite/server/in_flight.h"

namespace guestpass::invite {

// BatchCreateInvites (I18). Thread-safe; blocks, but not for mail.
class Batch {
 public:
  // All outlive this.
  Batch(InviteStore& store, Membership& membership, Creation& creation, Outbox& outbox)
      : store_(store), membership_(membership), creation_(creation), outbox_(outbox) {}

  // An outcome for each, in order, as CreateInvite would have answered; what is to be mailed is left to the
  // outbox, and OVERLOADED where that is full. Repeated under its request_id it gives the invites made
  // before, and tries the others again. The user's authority comes before FIELD_INVALID, that before
  // OVERLOADED with RetryInfo for the whole where too many batches are under way, and that before
  // REQUEST_ID_REUSED.
  absl::StatusOr<v1::BatchCreateInvitesResponse> Create(const rpc::Call& call,
                                                        const v1::BatchCreateInvitesRequest& request);

 private:
  // A batch holds its thread for up to a hundred calls of membership, one after another. In all they get a
  // quarter of the threads that a service has unless it is told otherwise (48): the others stay for calls
  // that somebody waits for. Two at once keep one user's invites coming without a pause.
  static constexpr int kOfOneUser = 2, kInAll = 12;

  absl::StatusOr<InFlight::Place> TakePlace(const UserId& user);
  absl::Status CheckKeys(const std::optional<RequestKey>& key, int count);
  absl::StatusOr<v1::CreateInviteResponse> CreateOne(const rpc::Call& call, const WorkspaceId& workspace,
                                                     const v1::CreateInviteRequest& request,
                                                     const std::optional<RequestKey>& key);

  InviteStore& store_;
  Membership& membership_;
  Creation& creation_;
  Outbox& outbox_;
  InFlight in_flight_{kOfOneUser, kInAll};
};

}  // namespace guestpass::invite
