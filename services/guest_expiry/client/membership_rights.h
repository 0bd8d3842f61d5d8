// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "common/auth/service_token.h"
#include "grpcpp/grpcpp.h"
#include "guestpass/rights/v1/rights_service.grpc.pb.h"
#include "services/guest_expiry/client/guest_times.h"

namespace guestpass::guest_expiry {

// Membership's RightsService. Thread-safe. An answer that is malformed is INTERNAL.
class MembershipRights final : public GuestTimes, public DueTransitions {
 public:
  // `token` outlives this.
  MembershipRights(const std::shared_ptr<grpc::Channel>& channel, const auth::ServiceToken& token)
      : stub_(rights::v1::RightsService::NewStub(channel)), token_(token) {}

  absl::StatusOr<TimesSnapshot> Read(const rpc::Call& call, const UserId& caller,
                                     const MemberName& guest) override;
  absl::StatusOr<Expiration> Set(const rpc::Call& call, const MemberName& guest,
                                 const TimesChange& change) override;
  absl::StatusOr<Deadline> Nearest() override;
  absl::StatusOr<Outcome> Apply(int limit) override;

 private:
  const std::unique_ptr<rights::v1::RightsService::Stub> stub_;
  const auth::ServiceToken& token_;
};

}  // namespace guestpass::guest_expiry
