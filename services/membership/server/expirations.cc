// SPDX-License-Identifier: Apache-2.0
#include "common/rights/names.h"
#include "common/rights_feed/wire.h"
#include "common/rpc/proto_time.h"
#include "common/status/macros.h"
#include "services/membership/domain/errors.h"
#include "services/membership/domain/grants.h"
#include "services/membership/domain/guest_admission.h"
#include "services/membership/domain/guest_times.h"
#include "services/membership/server/audits.h"
#include "services/membership/server/due_round.h"
#include "services/membership/server/mutate.h"
#include "services/membership/server/rights_service.h"

namespace guestpass::membership {
namespace {

namespace rights_v1 = rights::v1;

constexpr int kMaxLimit = 10'000;

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

// A sponsor extends its own guests, and does nothing else to them (G8).
absl::Status CheckSponsorsChange(const rights::MemberState& before, const ExpirationChange& change,
                                 const rights::Authority& sponsor, absl::Time now) {
  const bool extends = StateAt(before, now) != rights::GuestState::kEnded &&
                       change.guest.expire_time > before.expire_time &&
                       change.guest.expire_time != absl::InfiniteFuture();
  return extends ? absl::OkStatus() : SponsorsOnlyExtend(sponsor);
}

}  // namespace

absl::StatusOr<rights_v1::SetGuestExpirationResponse> RightsService::SetGuestExpiration(
    const rpc::Call& call, const rights_v1::SetGuestExpirationRequest& request) {
  MemberName name;
  ASSIGN_OR_RETURN(name.workspace, ParseWorkspaceId("workspace", request.workspace()));
  ASSIGN_OR_RETURN(name.user, ParseUserId("user", request.user()));
  RETURN_IF_ERROR(call.RequireUser().status());
  const auto set = [&](MembershipTx& tx, const Locked& locked,
                       Right right) -> absl::StatusOr<rights_v1::SetGuestExpirationResponse> {
    ASSIGN_OR_RETURN(Member guest, RequireGuest(name, locked.MemberOf(name.user)));
    ASSIGN_OR_RETURN(const ExpireSetting setting, SettingIn(request));
    const WorkspaceSettings& settings = locked.workspace->settings;
    ASSIGN_OR_RETURN(const ExpirationChange change,
                     ChangeExpiration(guest.state, setting, settings.guest_grace, locked.now));
    if (right == Right::kSponsor) {
      RETURN_IF_ERROR(
          CheckSponsorsChange(guest.state, change, locked.AuthorityOf(CallerOf(call)), locked.now));
    }
    RETURN_IF_ERROR(CheckLifetime(change.guest.expire_time, settings, locked.now));
    rights_v1::SetGuestExpirationResponse response;
    *response.mutable_member() = rights_feed::ToProto(change.guest);
    if (change.guest == guest.state) return response;
    AuditEntry entry = AuditOf(change.reactivated ? "member.reactivated" : "member.expiration_set",
                               name.ToString(), locked, right);
    entry.before = guest.state;
    entry.after = change.guest;
    tx.Audit(entry);
    guest.state = change.guest;
    tx.UpdateMember(guest);
    return response;
  };
  LockPlan plan{.workspace = name.workspace, .users = {{name.user, LockMode::kUpdate}}};
  return Mutate<rights_v1::SetGuestExpirationResponse>(store_, call, request, plan,
                                                       {.workspace = name.workspace, .user = name.user}, set);
}

absl::StatusOr<rights_v1::ApplyDueExpirationsResponse> RightsService::ApplyDueExpirations(
    const rpc::Call& call, const rights_v1::ApplyDueExpirationsRequest& request) {
  if (request.limit() < 1 || request.limit() > kMaxLimit) {
    return FieldInvalid("limit", "is not between 1 and 10,000");
  }
  ASSIGN_OR_RETURN(const std::vector<uint32_t> shards, store_.DueShards());
  return DueRound(store_, ActorOf(call), shards, request.limit()).Run();
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
