// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/guest_terms.h"

#include "common/rpc/field_reader.h"
#include "common/rpc/proto_time.h"
#include "common/status/macros.h"
#include "services/membership/domain/guest_admission.h"
#include "services/membership/server/convert.h"

namespace guestpass::membership {

absl::StatusOr<GuestTerms> ReadGuestTerms(const WorkspaceId& workspace, const v1::GuestAccess& access) {
  rpc::FieldReader reader;
  const auto channels = reader.Take(ParseGrants("guest.channels", workspace, access.channels()));
  const auto expiry = reader.Take(ReadExpiry("guest.", access));
  RETURN_IF_ERROR(reader.Finish());
  return GuestTerms{.channels = *channels, .expiry = *expiry};
}

void LockChannels(const GuestTerms& terms, LockPlan& plan) {
  for (const ChannelId& channel : terms.channels) plan.channels.emplace(channel, LockMode::kShare);
}

UserId FirstSponsor(const rpc::Call& call, Right right, const UserId& guest) {
  const UserId caller = CallerOf(call);
  return right == Right::kPlatform || caller == guest ? UserId() : caller;
}

RoleFacts FactsOf(const Locked& locked, const UserId& user) {
  return {.now = locked.now,
          .workspace = *locked.workspace,
          .organization_role = locked.RoleInOrganization(user),
          .channels = locked.channels};
}

bool CapsGuests(const Locked& locked) {
  return locked.workspace.has_value() && HasCaps(locked.workspace->settings);
}

absl::Status CheckRoom(const Member& newcomer, const Locked& locked, MembershipTx& tx) {
  if (!CapsGuests(locked)) return absl::OkStatus();
  const auto& state = newcomer.state;
  ASSIGN_OR_RETURN(const GuestCounts counts,
                   tx.CountGuests(state.workspace, newcomer.sponsor, state.user, locked.now));
  return CheckCaps(locked.workspace->settings, counts);
}

v1::Member ToProto(const Member& member, const Locked& locked) {
  return ToProto({.member = member, .organization_role = locked.RoleInOrganization(member.state.user)},
                 locked.now);
}

}  // namespace guestpass::membership
