// SPDX-License-Identifier: Apache-2.0
#include "services/messaging_gateway/client/membership_rights.h"

#include "common/rpc/client.h"
#include "common/rpc/wire_status.h"
#include "common/status/macros.h"

namespace guestpass::messaging {
namespace {

namespace v1 = rights::v1;

// By the stub's methods that block, not by rpc::Ask: leases hang on these answers, and the library's threads,
// which would bring them, carry all streams.
constexpr absl::Duration kTimeout = absl::Seconds(1);
constexpr char kService[] = "membership";

}  // namespace

absl::StatusOr<rights_feed::Heads> MembershipRights::GetRightsHeads() {
  rpc::CallContext context(token_, kTimeout);
  v1::GetRightsHeadsResponse response;
  RETURN_IF_ERROR(rpc::FromGrpc(stub_->GetRightsHeads(context.get(), {}, &response), kService));
  return rights_feed::FromProto(response);
}

absl::StatusOr<rights_feed::LogPage> MembershipRights::ListRightsChanges(uint32_t shard, uint64_t after_n) {
  rpc::CallContext context(token_, kTimeout);
  v1::ListRightsChangesRequest request;
  request.set_shard(shard);
  request.set_after_n(after_n);
  v1::ListRightsChangesResponse response;
  RETURN_IF_ERROR(rpc::FromGrpc(stub_->ListRightsChanges(context.get(), request, &response), kService));
  return rights_feed::FromProto(response);
}

absl::StatusOr<rights_feed::RightsBatch> MembershipRights::BatchGetRights(
    const std::vector<rights_feed::RightsQuery>& queries) {
  rpc::CallContext context(token_, kTimeout);
  v1::BatchGetRightsResponse response;
  RETURN_IF_ERROR(rpc::FromGrpc(
      stub_->BatchGetRights(context.get(), rights_feed::ToProto(queries), &response), kService));
  return rights_feed::FromProto(response);
}

}  // namespace guestpass::messaging
