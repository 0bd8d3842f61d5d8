// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "common/rights/names.h"
#include "common/rights_feed/wire.h"
#include "common/rpc/proto_time.h"
#include "common/status/macros.h"
#include "services/membership/domain/errors.h"
#include "services/membership/domain/guest_times.h"
#include "services/membership/server/callers.h"
#include "services/membership/server/rights_service.h"

namespace guestpass::membership {
namespace {

namespace rights_v1 = rights::v1;

constexpr int kMaxLimit = 10'000;
constexpr int kBatch = 250;  // guests in one transaction

absl::StatusOr<ExpireSetting> SettingIn(const rights_v1::SetGuestExpirationRequest& request) {
  switch (request.change_case()) {
    case rights_v1::SetGuestExpirationRequest::kExpireTime:
      return rpc::FromProto("expire_time", request.expire_time());
    case rights_v1::SetGuestExpirationRequest::kTtl:
      return rpc::FromProto("ttl", request.ttl());
    case rights_v1::SetGuestExpirationRequest::kClear:
      if (request.clear()) return Never{};
      return FieldInvalid("clear", "is false: name expire_time or ttl, or set it to true");
    case rights_v1::SetGuestExpirationRequest::CHANGE_NOT_SET:
      break;
  }
  return FieldInvalid("change", "is missing: name expire_time, ttl or clear");
}

absl::StatusOr<Member> RequireGuest(const MemberName& name, const Locked& locked) {
  const auto member = locked.MemberOf(name.user);
  if (!member.has_value()) return MemberNotFound(name);
  if (member->state.role != rights::Role::kGuest) return NotAGuest(name);
  return *member;
}

AuditEntry Changed(const Member& guest, const ExpirationChange& change, const Locked& locked, Right right) {
  return {.action = change.reactivated ? "member.reactivated" : "member.expiration_set",
          .target = MemberName{guest.state.workspace, guest.state.user}.ToString(),
          .organization = locked.organization->id,
          .workspace = guest.state.workspace,
          .before = guest.state,
          .after = change.guest,
          .platform = right == Right::kPlatform};
}

}  // namespace

absl::StatusOr<rights_v1::SetGuestExpirationResponse> RightsService::SetGuestExpiration(
    const rpc::Call& call, const rights_v1::SetGuestExpirationRequest& request) {
  MemberName name;
  ASSIGN_OR_RETURN(name.workspace, ParseWorkspaceId("workspace", request.workspace()));
  ASSIGN_OR_RETURN(name.user, ParseUserId("user", request.user()));
  ASSIGN_OR_RETURN(const UserId user, call.RequireUser());
  LockPlan plan{.workspace = name.workspace, .users = {{user, LockMode::kShare}}};
  plan.users[name.user] = LockMode::kUpdate;
  rights::MemberState changed;
  const auto set = [&](MembershipTx& tx, const Locked& locked) -> absl::Status {
    ASSIGN_OR_RETURN(const Right right, RequireAdminOrOperator(call, user, name.workspace, locked));
    ASSIGN_OR_RETURN(Member guest, RequireGuest(name, locked));
    ASSIGN_OR_RETURN(const ExpireSetting setting, SettingIn(request));
    ASSIGN_OR_RETURN(const ExpirationChange change,
                     ChangeExpiration(guest.state, setting, locked.workspace->guest_grace, locked.now));
    tx.Audit(Changed(guest, change, locked, right));
    changed = guest.state = change.guest;
    return tx.UpdateMember(guest);
  };
  ASSIGN_OR_RETURN(const absl::Time record_time, store_.Transact(plan, ActorOf(call), set));
  rights_v1::SetGuestExpirationResponse response;
  *response.mutable_member() = rights_feed::ToProto(changed);
  *response.mutable_record_time() = rpc::ToProto(record_time);
  return response;
}

absl::StatusOr<rights_v1::ApplyDueExpirationsResponse> RightsService::ApplyDueExpirations(
    const rpc::Call& call, const rights_v1::ApplyDueExpirationsRequest& request) {
  if (request.limit() < 1 || request.limit() > kMaxLimit) {
    return FieldInvalid("limit", "is not between 1 and 10,000");
  }
  ASSIGN_OR_RETURN(const std::vector<uint32_t> shards, store_.DueShards());
  rights_v1::ApplyDueExpirationsResponse response;
  for (const uint32_t shard : shards) {
    while (response.applied() < request.limit()) {
      const int asked = std::min(kBatch, request.limit() - response.applied());
      ASSIGN_OR_RETURN(const DueBatch batch, store_.ApplyDue(shard, asked, ActorOf(call)));
      response.set_applied(response.applied() + batch.applied);
      response.set_skipped(response.skipped() + batch.skipped);
      response.set_busy_shards(response.busy_shards() + (batch.busy ? 1 : 0));
      if (batch.applied < asked) break;
    }
  }
  return response;
}

absl::StatusOr<rights_v1::NextDeadlineResponse> RightsService::NextDeadline(
    const rpc::Call&, const rights_v1::NextDeadlineRequest&) {
  ASSIGN_OR_RETURN(const DeadlineRead read, store_.NextDeadline());
  rights_v1::NextDeadlineResponse response;
  if (read.deadline.has_value()) *response.mutable_deadline() = rpc::ToProto(*read.deadline);
  *response.mutable_database_time() = rpc::ToProto(read.now);
  return response;
}

}  // namespace guestpass::membership
