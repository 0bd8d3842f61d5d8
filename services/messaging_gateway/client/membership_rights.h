// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <vector>

#include "common/auth/service_token.h"
#include "common/rights_feed/rights_source.h"
#include "grpcpp/grpcpp.h"
#include "guestpass/rights/v1/rights_service.grpc.pb.h"

namespace guestpass::messaging {

// The rights feed's questions, put to membership by gRPC. Thread-safe. Each call takes a second at most.
class MembershipRights : public rights_feed::RightsSource {
 public:
  MembershipRights(std::shared_ptr<grpc::Channel> channel, const auth::ServiceToken& token)
      : stub_(rights::v1::RightsService::NewStub(std::move(channel))), token_(token) {}

  absl::StatusOr<rights_feed::Heads> GetRightsHeads() override;
  absl::StatusOr<rights_feed::LogPage> ListRightsChanges(uint32_t shard, uint64_t after_n) override;
  absl::StatusOr<rights_feed::RightsBatch> BatchGetRights(
      const std::vector<rights_feed::RightsQuery>& queries) override;

 private:
  const std::unique_ptr<rights::v1::RightsService::Stub> stub_;
  const auth::ServiceToken& token_;
};

}  // namespace guestpass::messaging
