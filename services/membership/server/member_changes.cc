// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/etag.h"
#include "common/rpc/field_reader.h"
#include "common/rpc/update_mask.h"
#include "common/rpc/wire_status.h"
#include "common/status/macros.h"
#include "services/membership/domain/errors.h"
#include "services/membership/server/audits.h"
#include "services/membership/server/guest_terms.h"
#include "services/membership/server/look.h"
#include "services/membership/server/members.h"
#include "services/membership/server/mutate.h"
#include "services/membership/server/removals.h"

namespace guestpass::membership {
namespace {

using rights::Role;

constexpr int kMaxGuests = 100;

struct MemberChange {
  std::optional<Role> role;
  std::optional<UserId> sponsor;    // an empty id: nobody
  std::optional<GuestTerms> guest;  // with GUEST only
};

absl::StatusOr<MemberChange> ReadChange(const WorkspaceId& workspace,
                                        const v1::UpdateMemberRequest& request) {
  static const auto& paths = *new std::vector<std::string>{"role", "sponsor"};
  ASSIGN_OR_RETURN(const rpc::UpdateMask mask,
                   rpc::UpdateMask::Read(request.update_mask(), request.member(), paths));
  rpc::FieldReader reader;
  MemberChange change;
  if (mask.Has("role")) {
    change.role = reader.Take(rights_feed::ParseRole("member.role", request.member().role()));
  }
  if (mask.Has("sponsor")) {
    change.sponsor = UserId();
    const std::string& sponsor = request.member().sponsor();
    if (!sponsor.empty()) change.sponsor = reader.Take(ParseUserId("member.sponsor", sponsor));
  }
  if (request.has_guest() && change.role == Role::kGuest) {
    change.guest = reader.Take(ReadGuestTerms(workspace, request.guest()));
  } else if (request.has_guest()) {
    reader.Add({{"guest", "is for a change of role to GUEST only"}});
  }
  RETURN_IF_ERROR(reader.Finish());
  return change;
}

bool BecomesGuest(const Member& before, Role role) {
  return role == Role::kGuest && before.state.role != Role::kGuest;
}

LockPlan PlanOf(const MemberName& name, const absl::StatusOr<MemberChange>& change) {
  LockPlan plan{.workspace = name.workspace};
  plan.With(name.user, LockMode::kUpdate);
  if (!change.ok()) return plan;
  plan.may_share = change->role != Role::kGuest;  // who becomes a guest leaves channels
  if (change->sponsor.has_value()) plan.With(*change->sponsor, LockMode::kShare);
  if (change->guest.has_value()) LockChannels(*change->guest, plan);
  if (!change->role.has_value()) return plan;
  plan.changes_workspace = [user = name.user, role = *change->role](const Locked& locked) {
    const auto before = locked.MemberOf(user);
    if (!before.has_value()) return false;
    return LosesAdmin(*before, role) || (BecomesGuest(*before, role) && CapsGuests(locked));
  };
  return plan;
}

absl::StatusOr<Member> WithRole(const Member& before, const MemberChange& change, const UserId& sponsor,
                                const Locked& locked, MembershipTx& tx) {
  if (!change.role.has_value()) return before;
  RoleFacts facts = FactsOf(locked, before.state.user);
  if (LosesAdmin(before, *change.role)) {
    ASSIGN_OR_RETURN(facts.other_admins, tx.CountOtherAdmins(before.state.workspace, before.state.user));
  }
  std::optional<GuestTerms> terms = change.guest;
  if (terms.has_value()) terms->sponsor = sponsor;
  return ChangeRole(before, *change.role, terms, facts);
}

// A sponsor that is named as it was, or as it becomes by itself, is none to judge: so a member can be read,
// given another role, and sent back whole.
absl::StatusOr<Member> WithNamedSponsor(Member after, const Member& before, const MemberChange& change,
                                        const Locked& locked) {
  if (!change.sponsor.has_value()) return after;
  const UserId& sponsor = *change.sponsor;
  if (sponsor == before.sponsor || sponsor == after.sponsor) return after;
  const rights::MemberState& state = after.state;
  if (state.role != Role::kGuest) return NotAGuest({state.workspace, state.user});
  RETURN_IF_ERROR(CheckSponsor("member.sponsor", sponsor, locked.AuthorityOf(sponsor).role, state.user));
  after.sponsor = sponsor;
  return after;
}

AuditEntry ChangeOf(const Member& before, const Member& after, const Locked& locked, Right right) {
  const rights::MemberState& state = after.state;
  const bool other_role = before.state.role != state.role;
  AuditEntry entry = AuditOf(other_role ? "member.role_changed" : "member.sponsor_changed",
                             MemberName{state.workspace, state.user}.ToString(), locked, right);
  entry.before = before.state;
  entry.after = state;
  if (!after.sponsor.empty()) entry.notes["sponsor"] = after.sponsor.ToString();
  if (!before.sponsor.empty()) entry.notes["previous_sponsor"] = before.sponsor.ToString();
  const bool had_ended =
      before.state.role == Role::kGuest && StateAt(before.state, locked.now) == rights::GuestState::kEnded;
  if (other_role && had_ended) entry.notes["reactivated"] = "true";
  return entry;
}

// Stores what differs, and tells the audit log.
absl::Status Store(const Member& before, const Member& after, const Locked& locked, Right right,
                   MembershipTx& tx) {
  if (before.state == after.state && before.sponsor == after.sponsor) return absl::OkStatus();
  tx.UpdateMember(after);
  tx.Audit(ChangeOf(before, after, locked, right));
  if (!BecomesGuest(before, *after.state.role)) return absl::OkStatus();
  const rights::MemberState& state = after.state;
  ASSIGN_OR_RETURN(const auto left, tx.LeavePrivateChannels(state.workspace, state.user));
  AuditLeaving(state.user, left, locked, right, tx);
  return absl::OkStatus();
}

struct Reassignment {
  std::vector<UserId> guests;
  UserId sponsor;
};

absl::StatusOr<Reassignment> ReadReassignment(const v1::BatchReassignGuestsRequest& request) {
  if (request.users_size() < 1 || request.users_size() > kMaxGuests) {
    return FieldInvalid("users", "does not have 1 to 100 users");
  }
  rpc::FieldReader reader;
  Reassignment read;
  std::set<std::string> seen;
  for (int i = 0; i < request.users_size(); ++i) {
    const std::string at = absl::StrCat("users[", i, "]");
    read.guests.push_back(reader.Take(ParseUserId(at, request.users(i))).value_or(UserId()));
    if (!seen.insert(request.users(i)).second) reader.Add({{at, "is named twice"}});
  }
  read.sponsor = reader.Take(ParseUserId("sponsor", request.sponsor())).value_or(UserId());
  RETURN_IF_ERROR(reader.Finish());
  return read;
}

std::optional<Role> RoleIn(const std::vector<MemberView>& found) {
  if (found.empty()) return std::nullopt;
  return found[0].organization_role.has_value() ? Role::kAdmin : found[0].member.state.role;
}

// Whether the next guest would meet the same.
bool IsOfTheDatabase(const absl::Status& status) {
  return HasReason(status, Reason::kDatabaseUnavailable) || HasReason(status, Reason::kOverloaded);
}

}  // namespace

absl::StatusOr<v1::Member> Members::UpdateMember(const rpc::Call& call,
                                                 const v1::UpdateMemberRequest& request) {
  ASSIGN_OR_RETURN(const MemberName name, ParseMemberName("member.name", request.member().name()));
  const auto change = ReadChange(name.workspace, request);
  const auto update = [&](MembershipTx& tx, const Locked& locked, Right right) -> absl::StatusOr<v1::Member> {
    RETURN_IF_ERROR(change.status());
    const auto before = locked.MemberOf(name.user);
    if (!before.has_value()) return MemberNotFound(name);
    RETURN_IF_ERROR(rpc::CheckEtag(request.member().etag(), ToProto(*before, locked).etag()));
    const UserId first_sponsor = FirstSponsor(call, right, name.user);
    ASSIGN_OR_RETURN(Member after, WithRole(*before, *change, first_sponsor, locked, tx));
    ASSIGN_OR_RETURN(after, WithNamedSponsor(std::move(after), *before, *change, locked));
    if (BecomesGuest(*before, *after.state.role)) RETURN_IF_ERROR(CheckRoom(after, locked, tx));
    RETURN_IF_ERROR(Store(*before, after, locked, right, tx));
    return ToProto(after, locked);
  };
  return Mutate<v1::Member>(store_, call, request, PlanOf(name, change), {.workspace = name.workspace},
                            update);
}

absl::StatusOr<v1::BatchReassignGuestsResponse> Members::BatchReassignGuests(
    const rpc::Call& call, const v1::BatchReassignGuestsRequest& request) {
  ASSIGN_OR_RETURN(const WorkspaceId workspace, ParseWorkspaceName("parent", request.parent()));
  Reassignment asked;
  const auto judge = [&](MembershipReads& reads, const View&, auto&) -> absl::Status {
    ASSIGN_OR_RETURN(asked, ReadReassignment(request));
    ASSIGN_OR_RETURN(const auto found, reads.FindMembers({asked.sponsor}));
    return CheckSponsor("sponsor", asked.sponsor, RoleIn(found), UserId());
  };
  ASSIGN_OR_RETURN(auto response, Look<v1::BatchReassignGuestsResponse>(store_, call, request,
                                                                        {.workspace = workspace}, judge));
  absl::StatusOr<v1::Member> member;
  for (const UserId& guest : asked.guests) {
    if (!IsOfTheDatabase(member.status()))
      member = Reassign(call, request, {workspace, guest}, asked.sponsor);
    auto& outcome = *response.add_outcomes();
    outcome.set_user(guest.ToString());
    if (member.ok()) {
      *outcome.mutable_member() = *member;
    } else {
      *outcome.mutable_error() = rpc::ToWire(member.status(), call.request_id);
    }
  }
  return response;
}

absl::StatusOr<v1::Member> Members::Reassign(const rpc::Call& call,
                                             const v1::BatchReassignGuestsRequest& request,
                                             const MemberName& guest, const UserId& sponsor) {
  const auto reassign = [&](MembershipTx& tx, const Locked& locked,
                            Right right) -> absl::StatusOr<v1::Member> {
    const auto before = locked.MemberOf(guest.user);
    if (!before.has_value()) return MemberNotFound(guest);
    if (before->state.role != Role::kGuest) return NotAGuest(guest);
    RETURN_IF_ERROR(CheckSponsor("sponsor", sponsor, locked.AuthorityOf(sponsor).role, guest.user));
    Member after = *before;
    after.sponsor = sponsor;
    RETURN_IF_ERROR(Store(*before, after, locked, right, tx));
    return ToProto(after, locked);
  };
  LockPlan plan{.workspace = guest.workspace};
  plan.With(guest.user, LockMode::kUpdate).With(sponsor, LockMode::kShare);
  return Mutate<v1::Member>(store_, call, request, plan, {.workspace = guest.workspace}, reassign);
}

}  // namespace guestpass::membership
