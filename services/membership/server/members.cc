// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/members.h"

#include "common/rights/names.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/etag.h"
#include "common/rpc/field_reader.h"
#include "common/status/macros.h"
#include "services/membership/domain/errors.h"
#include "services/membership/server/audits.h"
#include "services/membership/server/guest_terms.h"
#include "services/membership/server/mutate.h"
#include "services/membership/server/removals.h"

namespace guestpass::membership {
namespace {

struct Newcomer {
  UserId user;
  rights::Role role = rights::Role::kMember;
  std::optional<GuestTerms> guest;  // with GUEST only
};

absl::StatusOr<Newcomer> ReadNewcomer(const WorkspaceId& workspace, const v1::CreateMemberRequest& request) {
  rpc::FieldReader reader;
  const auto user = reader.Take(ParseUserId("user", request.user()));
  const auto role = reader.Take(rights_feed::ParseRole("role", request.role()));
  std::optional<GuestTerms> guest;
  if (role == rights::Role::kGuest && request.has_guest()) {
    guest = reader.Take(ReadGuestTerms(workspace, request.guest()));
  } else if (role == rights::Role::kGuest) {
    reader.Add({{"guest", "is missing: a guest is granted at least one channel"}});
  } else if (role.has_value() && request.has_guest()) {
    reader.Add({{"guest", "is for the role GUEST only"}});
  }
  RETURN_IF_ERROR(reader.Finish());
  return Newcomer{*user, *role, guest};
}

LockPlan PlanOf(const WorkspaceId& workspace, const absl::StatusOr<Newcomer>& newcomer) {
  LockPlan plan{.workspace = workspace};
  if (!newcomer.ok()) return plan;
  plan.may_share = true;
  plan.With(newcomer->user, LockMode::kUpdate);
  if (!newcomer->guest.has_value()) return plan;
  LockChannels(*newcomer->guest, plan);
  plan.changes_workspace = CapsGuests;
  return plan;
}

// The address of nobody but the caller is known.
Member NewMember(const WorkspaceId& workspace, const Newcomer& newcomer, const rpc::Call& call,
                 absl::Time now) {
  const rights::MemberState state{.workspace = workspace, .user = newcomer.user, .role = newcomer.role};
  const bool by_itself = newcomer.user == CallerOf(call);
  return {.state = state, .address = by_itself ? VerifiedAddress(call) : "", .create_time = now};
}

absl::StatusOr<Member> NewGuest(Member member, GuestTerms terms, const rpc::Call& call, Right right,
                                const Locked& locked) {
  const RoleFacts facts = FactsOf(locked, member.state.user);
  RETURN_IF_ERROR(CheckMayBeGuest("role", facts));
  terms.sponsor = FirstSponsor(call, right, member.state.user);
  return AsGuest(std::move(member), terms, facts);
}

}  // namespace

absl::StatusOr<v1::Member> Members::CreateMember(const rpc::Call& call,
                                                 const v1::CreateMemberRequest& request) {
  ASSIGN_OR_RETURN(const WorkspaceId workspace, ParseWorkspaceName("parent", request.parent()));
  const auto newcomer = ReadNewcomer(workspace, request);
  const auto create = [&](MembershipTx& tx, const Locked& locked, Right right) -> absl::StatusOr<v1::Member> {
    RETURN_IF_ERROR(newcomer.status());
    const MemberName name{workspace, newcomer->user};
    Member member = NewMember(workspace, *newcomer, call, locked.now);
    if (newcomer->guest.has_value()) {
      ASSIGN_OR_RETURN(member, NewGuest(member, *newcomer->guest, call, right, locked));
    }
    if (locked.MemberOf(name.user).has_value()) return MemberExists(name);
    if (newcomer->guest.has_value()) RETURN_IF_ERROR(CheckRoom(member, locked, tx));
    tx.InsertMember(member);
    AuditEntry entry = AuditOf("member.added", name.ToString(), locked, right);
    entry.after = member.state;
    if (!member.sponsor.empty()) entry.notes = {{"sponsor", member.sponsor.ToString()}};
    tx.Audit(entry);
    return ToProto(member, locked);
  };
  return Mutate<v1::Member>(store_, call, request, PlanOf(workspace, newcomer), {.workspace = workspace},
                            create);
}

absl::StatusOr<v1::DeleteMemberResponse> Members::DeleteMember(const rpc::Call& call,
                                                               const v1::DeleteMemberRequest& request) {
  ASSIGN_OR_RETURN(const MemberName name, ParseMemberName("name", request.name()));
  const auto remove = [&](MembershipTx& tx, const Locked& locked,
                          Right right) -> absl::StatusOr<v1::DeleteMemberResponse> {
    if (const auto member = locked.MemberOf(name.user)) {
      RETURN_IF_ERROR(rpc::CheckEtag(request.etag(), ToProto(*member, locked).etag()));
    }
    RETURN_IF_ERROR(RemoveLocked(name, locked, right, CallerOf(call) == name.user, tx));
    return v1::DeleteMemberResponse();
  };
  return Mutate<v1::DeleteMemberResponse>(store_, call, request, RemovalPlan(name),
                                          {.workspace = name.workspace, .user = name.user}, remove);
}

}  // namespace guestpass::membership
