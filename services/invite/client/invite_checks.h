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
#include "services/invite/client/requests.h"

namespace guestpass::invite {

// Asks membership who may invite, and what; those that come while it is being asked go together, in one call,
// each for its own user. Thread-safe; blocks.
class InviteChecks {
 public:
  // How long membership may take, and after how long one waits for nobody else's call. For tests.
  struct Times {
    absl::Duration timeout, patience;
  };

  // Membership and the token outlive this.
  InviteChecks(rights::v1::RightsService::Stub& membership, const auth::ServiceToken& token,
               const Times& times = {kMembershipTimeout, absl::Milliseconds(5)})
      : membership_(membership),
        token_(token),
        timeout_(times.timeout),
        lanes_({.most = kMost, .patience = times.patience}, [this](const Batch& batch) { AskAll(batch); }) {}

  // As Membership::CheckInvite.
  absl::StatusOr<InviteCheck> Check(const rpc::Call& call, const WorkspaceId& workspace, const Draft& draft);

  // How many wait for a call that has not begun. For tests.
  size_t waiting() { return lanes_.waiting(); }

 private:
  static constexpr size_t kMost = 16;  // in one call: as many as membership reads at once

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
  const absl::Duration timeout_;
  Lanes<Question, Anybody<Question>> lanes_;
};

}  // namespace guestpass::invite
