// SPDX-License-Identifier: Apache-2.0
#include "common/auth/random.h"
#include "common/rights/names.h"
#include "common/rpc/field_reader.h"
#include "common/rpc/text.h"
#include "common/status/macros.h"
#include "services/membership/domain/errors.h"
#include "services/membership/server/callers.h"
#include "services/membership/server/convert.h"
#include "services/membership/server/membership_service.h"

namespace guestpass::membership {
namespace {

// A shard drawn at random.
uint32_t DrawShard() {
  static_assert(rights::kShards == 256);
  return static_cast<unsigned char>(auth::RandomBytes(1)[0]);
}

}  // namespace

absl::StatusOr<v1::Organization> MembershipService::Create(const rpc::Call& call,
                                                           const v1::CreateOrganizationRequest& request) {
  if (!call.caller.is_operator) return OperatorsOnly();
  const std::string& display_name = request.organization().display_name();
  rpc::FieldReader reader;
  reader.Check(rpc::CheckDisplayName("organization.display_name", display_name));
  const UserId owner = reader.Take(ParseUserId("owner", request.owner())).value_or(UserId());
  RETURN_IF_ERROR(reader.Finish());
  Organization organization{
      .id = auth::NewId<OrganizationId>(), .shard = DrawShard(), .display_name = display_name};
  const rights::OrganizationMemberState first{
      .organization = organization.id, .user = owner, .role = rights::OrganizationRole::kOwner};
  const auto create = [&](MembershipTx& tx, const Locked& locked) -> absl::Status {
    organization.create_time = locked.now;
    RETURN_IF_ERROR(tx.InsertOrganization(organization));
    RETURN_IF_ERROR(tx.PutOrganizationMember(first));
    tx.Audit({.action = "organization.created",
              .target = ToName(organization.id),
              .organization = organization.id,
              .after = first,
              .notes = {{"owner", owner.ToString()}},
              .platform = true});
    return absl::OkStatus();
  };
  RETURN_IF_ERROR(store_.Transact({}, ActorOf(call), create).status());
  return ToProto(organization);
}

}  // namespace guestpass::membership
