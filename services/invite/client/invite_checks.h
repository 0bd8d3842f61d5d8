// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "common/auth/service_token.h"
#include "common/lanes/anybody.h"
#include "common/lanes/lanes.h"
#include "common/rpc/call.h"
#include "guestpass/rights/v1/rights_service.grpc.pb.h"
#include "services/invite/client/membership.h"

namespace guestpass::invite {

// Asks membership about invites that are to be made; those that come while it is being asked go together, in
// one call, each for its own user. Thread-safe; blocks.
class InviteChecks {
 public:
  // Membership and the token outlive this. Who has waited for `patience` waits for nobody else's call.
  InviteChecks(rights::v1::RightsService::Stub& membership, const auth::ServiceToken& token,
               absl::Duration patience = absl::Milliseconds(5))
      : membership_(membership),
        token_(token),
        lanes_({.most = kMost, .patience = patience}, [this](const Batch& batch) { AskAll(batch); }) {}

  // As Membership::CheckInvite.
  absl::StatusOr<InviteCheck> Check(const rpc::Call& call, const WorkspaceId& workspace, const Draft& draft);

  // How many wait for a call that has not begun. For tests.
  size_t waiting() { return lanes_.waiting(); }

 private:
  static constexpr size_t kMost = 32;  // in one call

  struct Question {
    const rpc::Call& call;
    rights::v1::CheckInviteRequest request;
    absl::StatusOr<InviteCheck> answer = absl::UnknownError("not asked yet");
  };
  using Batch = std::vector<Question*>;

  void AskAll(const Batch& batch);
  absl::Status Ask(const Batch& batch);

  rights::v1::RightsService::Stub& membership_;
  const auth::ServiceToken& token_;
  Lanes<Question, Anybody<Question>> lanes_;
};

}  // namespace guestpass::invite
