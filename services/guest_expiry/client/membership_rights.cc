// SPDX-License-Identifier: Apache-2.0
#include "services/guest_expiry/client/membership_rights.h"

#include <utility>

#include "common/rights_feed/rights_source.h"
#include "common/rights_feed/snapshot.h"
#include "common/rights_feed/wire.h"
#include "common/rpc/client.h"
#include "common/rpc/proto_time.h"
#include "common/status/macros.h"

namespace guestpass::guest_expiry {
namespace {

using Async = class rights::v1::RightsService::Stub::async;

constexpr char kService[] = "membership";
constexpr absl::Duration kTimeout = absl::Seconds(5);
constexpr absl::Duration kNearestTimeout = absl::Seconds(2);

absl::StatusOr<absl::Time> TimeIn(const google::protobuf::Timestamp& proto) {
  auto time = rpc::FromProto("time", proto);
  if (!time.ok()) return absl::InternalError("membership answered with a time that is none");
  return *time;
}

rights::MemberState GuestIn(const rights_feed::RightsSnapshot& snapshot, const MemberName& name) {
  if (rights_feed::ObjectOf<rights::WorkspaceState>(snapshot).deleted)
    return {.workspace = name.workspace, .user = name.user};
  rights::MemberState guest = rights_feed::ObjectOf<rights::MemberState>(snapshot);
  guest.workspace = name.workspace;
  guest.user = name.user;
  return guest;
}

struct SetChange {
  rights::v1::SetGuestExpirationRequest& request;
  void operator()(std::monostate) const {}
  void operator()(const google::protobuf::Timestamp& time) const { *request.mutable_expire_time() = time; }
  void operator()(const google::protobuf::Duration& ttl) const { *request.mutable_ttl() = ttl; }
  void operator()(bool clear) const { request.set_clear(clear); }
};

}  // namespace

absl::StatusOr<TimesSnapshot> MembershipRights::Read(const rpc::Call& call, const UserId& caller,
                                                     const MemberName& guest) {
  const auto request = rights_feed::ToProto(std::vector<rights_feed::RightsQuery>{
      {.workspace = guest.workspace, .user = caller}, {.workspace = guest.workspace, .user = guest.user}});
  rights::v1::BatchGetRightsResponse response;
  rpc::CallContext context(token_, kTimeout, call);
  RETURN_IF_ERROR(rpc::Ask(stub_->async(), &Async::BatchGetRights, context, request, response, kService));
  ASSIGN_OR_RETURN(const rights_feed::RightsBatch batch, rights_feed::FromProto(response));
  if (batch.snapshots.size() != 2) return absl::InternalError("membership did not answer every query");
  return TimesSnapshot{.database_time = absl::FromUnixMicros(response.database_us()),
                       .caller = rights_feed::AuthorityIn(batch.snapshots[0]),
                       .guest = GuestIn(batch.snapshots[1], guest)};
}

absl::StatusOr<Expiration> MembershipRights::Set(const rpc::Call& call, const MemberName& guest,
                                                 const TimesChange& change) {
  rights::v1::SetGuestExpirationRequest request;
  request.set_workspace(guest.workspace.ToString());
  request.set_user(guest.user.ToString());
  std::visit(SetChange{request}, change);
  rights::v1::SetGuestExpirationResponse response;
  rpc::CallContext context(token_, kTimeout, call);
  RETURN_IF_ERROR(rpc::Ask(stub_->async(), &Async::SetGuestExpiration, context, request, response, kService));
  ASSIGN_OR_RETURN(const rights::MemberState member, rights_feed::FromProto(response.member()));
  ASSIGN_OR_RETURN(const absl::Time record_time, TimeIn(response.record_time()));
  Expiration expiration = ExpirationOf(member, record_time);
  expiration.record_time = record_time;
  return expiration;
}

absl::StatusOr<Deadline> MembershipRights::Nearest() {
  rights::v1::NextDeadlineResponse response;
  rpc::CallContext context(token_, kNearestTimeout);
  RETURN_IF_ERROR(rpc::Ask(stub_->async(), &Async::NextDeadline, context, rights::v1::NextDeadlineRequest(),
                           response, kService));
  Deadline deadline;
  ASSIGN_OR_RETURN(deadline.database_time, TimeIn(response.database_time()));
  if (response.has_deadline()) {
    ASSIGN_OR_RETURN(deadline.time, TimeIn(response.deadline()));
  }
  return deadline;
}

absl::StatusOr<Outcome> MembershipRights::Apply(int limit) {
  rights::v1::ApplyDueExpirationsRequest request;
  request.set_limit(limit);
  rights::v1::ApplyDueExpirationsResponse response;
  rpc::CallContext context(token_, kTimeout);
  RETURN_IF_ERROR(
      rpc::Ask(stub_->async(), &Async::ApplyDueExpirations, context, request, response, kService));
  return Outcome{
      .applied = response.applied(), .skipped = response.skipped(), .busy_shards = response.busy_shards()};
}

}  // namespace guestpass::guest_expiry
