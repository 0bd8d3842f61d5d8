// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/organizations.h"

#include "common/auth/random.h"
#include "common/rights/names.h"
#include "common/rpc/etag.h"
#include "common/rpc/field_reader.h"
#include "common/rpc/text.h"
#include "common/rpc/update_mask.h"
#include "services/membership/domain/errors.h"
#include "services/membership/server/audits.h"
#include "services/membership/server/convert.h"
#include "services/membership/server/look.h"
#include "services/membership/server/mutate.h"
#include "services/membership/server/pages.h"

namespace guestpass::membership {
namespace {

// A shard drawn at random.
uint32_t DrawShard() {
  static_assert(rights::kShards == 256);
  return static_cast<unsigned char>(auth::RandomBytes(1)[0]);
}

// With its first owner.
struct NewOrganization {
  Organization organization;
  rights::OrganizationMemberState owner;
};

absl::StatusOr<NewOrganization> ReadNew(const v1::CreateOrganizationRequest& request, absl::Time now) {
  const std::string& display_name = request.organization().display_name();
  rpc::FieldReader reader;
  reader.Check(rpc::CheckDisplayName("organization.display_name", display_name));
  const auto owner = reader.Take(ParseUserId("owner", request.owner()));
  RETURN_IF_ERROR(reader.Finish());
  const Organization organization{.id = auth::NewId<OrganizationId>(),
                                  .shard = DrawShard(),
                                  .display_name = display_name,
                                  .create_time = now};
  return NewOrganization{
      organization,
      {.organization = organization.id, .user = *owner, .role = rights::OrganizationRole::kOwner}};
}

v1::Organization Shown(const Organization& organization, const rights::RightsRevision& revision) {
  v1::Organization proto = ToProto(organization);
  proto.set_rights_revision(revision.ToString());
  return proto;
}

}  // namespace

absl::StatusOr<v1::Organization> Organizations::CreateOrganization(
    const rpc::Call& call, const v1::CreateOrganizationRequest& request) {
  const auto create = [&](MembershipTx& tx, const Locked& locked,
                          Right right) -> absl::StatusOr<v1::Organization> {
    ASSIGN_OR_RETURN(const NewOrganization made, ReadNew(request, locked.now));
    tx.InsertOrganization(made.organization);
    tx.PutOrganizationMember(made.owner);
    AuditEntry entry = AuditOf("organization.created", ToName(made.organization.id), locked, right);
    entry.organization = made.organization.id;
    entry.after = made.owner;
    entry.notes = {{"owner", made.owner.user.ToString()}};
    tx.Audit(entry);
    return ToProto(made.organization);
  };
  return Mutate<v1::Organization>(store_, call, request, {}, {}, create);
}

absl::StatusOr<v1::Organization> Organizations::GetOrganization(const rpc::Call& call,
                                                                const v1::GetOrganizationRequest& request) {
  ASSIGN_OR_RETURN(const OrganizationId id, ParseOrganizationName("name", request.name()));
  const auto get = [](MembershipReads&, const View& view, v1::Organization& response) {
    response = Shown(*view.organization, view.revision);
    return absl::OkStatus();
  };
  return Look<v1::Organization>(store_, call, request, {.organization = id}, get);
}

absl::StatusOr<v1::ListOrganizationsResponse> Organizations::ListOrganizations(
    const rpc::Call& call, const v1::ListOrganizationsRequest& request) {
  const auto list = [&](MembershipReads& reads, const View&,
                        v1::ListOrganizationsResponse& response) -> absl::Status {
    ASSIGN_OR_RETURN(const rpc::Page page, rpc::ReadPage(pages_, call, request));
    const OrganizationId after = OrganizationId::Parse(page.after).value_or(OrganizationId());
    ASSIGN_OR_RETURN(const auto found, reads.ListOrganizations(after, page.size + 1));
    AnswerPage(
        pages_, call, request, page, found, response,
        [&](const Organization& organization) { *response.add_organizations() = ToProto(organization); },
        [](const Organization& last) { return last.id.ToString(); });
    return absl::OkStatus();
  };
  return Look<v1::ListOrganizationsResponse>(store_, call, request, {}, list);
}

absl::StatusOr<v1::Organization> Organizations::UpdateOrganization(
    const rpc::Call& call, const v1::UpdateOrganizationRequest& request) {
  const v1::Organization& proto = request.organization();
  ASSIGN_OR_RETURN(const OrganizationId id, ParseOrganizationName("organization.name", proto.name()));
  const auto update = [&](MembershipTx& tx, const Locked& locked,
                          Right right) -> absl::StatusOr<v1::Organization> {
    // There is one thing to change: a mask that can be read names it.
    RETURN_IF_ERROR(rpc::UpdateMask::Read(request.update_mask(), proto, {"display_name"}).status());
    RETURN_IF_ERROR(rpc::CheckDisplayName("organization.display_name", proto.display_name()));
    Organization organization = *locked.organization;
    RETURN_IF_ERROR(rpc::CheckEtag(proto.etag(), ToProto(organization).etag()));
    if (proto.display_name() == organization.display_name) return ToProto(organization);
    organization.display_name = proto.display_name();
    tx.UpdateOrganization(organization);
    tx.Audit(AuditOf("organization.updated", ToName(id), locked, right));
    return ToProto(organization);
  };
  return Mutate<v1::Organization>(store_, call, request,
                                  {.organization = id, .organization_mode = LockMode::kUpdate},
                                  {.organization = id}, update);
}

}  // namespace guestpass::membership
