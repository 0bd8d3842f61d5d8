// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/user_removals.h"

#include <algorithm>
#include <vector>

#include "absl/time/clock.h"
#include "common/rights/names.h"
#include "services/membership/domain/errors.h"
#include "services/membership/server/audits.h"
#include "services/membership/server/mutate.h"
#include "services/membership/server/organization_roles.h"
#include "services/membership/server/removals.h"

namespace guestpass::membership {
namespace {

constexpr absl::Duration kWorkTime = absl::Seconds(10);          // in one call
constexpr absl::Duration kAnswerTime = absl::Milliseconds(200);  // of the caller's time, left for the answer
constexpr int kPage = 1000;                                      // workspaces
constexpr int kMaxBlocked = 1000;
constexpr int kEraseBatch = 500;  // records of removals

absl::Time WorkUntil(const rpc::Call& call) {
  return std::min(absl::Now() + kWorkTime, call.deadline - kAnswerTime);
}

// One call's way through the workspaces of one user, in their order.
class Sweep {
 public:
  using Request = v1::RemoveUserFromOrganizationRequest;
  using Response = v1::RemoveUserFromOrganizationResponse;

  // All of them outlive this.
  Sweep(MembershipStore& store, Upkeep& upkeep, const rpc::Call& call, const Request& request,
        const OrganizationId& organization)
      : store_(store), upkeep_(upkeep), call_(call), request_(request), organization_(organization) {}

  absl::StatusOr<Response> Run(absl::Time until) {
    RETURN_IF_ERROR(Begin());
    ASSIGN_OR_RETURN(user_, ParseUserId("user", request_.user()));
    for (bool is_last = false; !is_last;) {
      ASSIGN_OR_RETURN(const auto page, upkeep_.WorkspacesOf(organization_, user_, after_, kPage));
      is_last = page.size() < kPage;
      ASSIGN_OR_RETURN(const bool in_time, LookAt(page, until));
      if (!in_time) return Unfinished();
    }
    response_.set_done(true);
    return response_;
  }

 private:
  // First the user's role goes, so that none of the rights that it gives outlast this, and with it every
  // invite made before, so that none lets the user into a workspace that was looked at already. An owner's
  // role stays, and blocks (M5).
  absl::Status Begin() {
    const UserId user = UserId::Parse(request_.user()).value_or(UserId());
    ASSIGN_OR_RETURN(const auto addresses, upkeep_.AddressesOf(organization_, user));
    const auto begin = [&](MembershipTx& tx, const Locked& locked, Right right) -> absl::StatusOr<Response> {
      RETURN_IF_ERROR(ParseUserId("user", request_.user()).status());
      const auto role = locked.RoleInOrganization(user);
      is_owner_ = role == rights::OrganizationRole::kOwner;
      Response response;
      response.set_org_role_taken(role == rights::OrganizationRole::kAdmin);
      if (is_owner_) return response;
      if (response.org_role_taken()) {
        RETURN_IF_ERROR(EndRole(user, locked, right, /*by_itself=*/false, tx));
      } else {
        tx.PutOrganizationMember({.organization = organization_, .user = user});
      }
      tx.NoteRemoval(organization_, user, addresses);
      AuditEntry entry = AuditOf("organization.user_removed", ToName(organization_), locked, right);
      entry.after = rights::OrganizationMemberState{.organization = organization_, .user = user};
      entry.notes = {{"user", user.ToString()}};
      tx.Audit(entry);
      return response;
    };
    ASSIGN_OR_RETURN(response_, Mutate<Response>(store_, call_, request_, RolePlan(organization_, user),
                                                 {.organization = organization_}, begin));
    if (is_owner_) AddBlocked(ToName(organization_), OrgOwnerProtected(ToName(organization_)));
    return absl::OkStatus();
  }

  // What is blocked for sure is told from one read of the page, so that however many are, those behind them
  // are reached. False where time is up.
  absl::StatusOr<bool> LookAt(const std::vector<WorkspaceId>& page, absl::Time until) {
    std::vector<WorkspaceId> last_admin;
    if (!is_owner_) {
      ASSIGN_OR_RETURN(last_admin, upkeep_.OnlyAdminOf(page, user_));
    }
    for (const WorkspaceId& workspace : page) {
      const MemberName name{workspace, user_};
      if (is_owner_) {
        AddBlocked(name.ToString(), OrgOwnerProtected(name.ToString()));
      } else if (std::binary_search(last_admin.begin(), last_admin.end(), workspace)) {
        AddBlocked(name.ToString(), LastAdmin(name));
      } else {
        if (absl::Now() >= until) return false;
        RETURN_IF_ERROR(RemoveFrom(name));
      }
      after_ = workspace;
    }
    return absl::Now() < until || page.size() < kPage;
  }

  absl::Status RemoveFrom(const MemberName& name) {
    const auto remove = [&](MembershipTx& tx, const Locked& locked, Right right) -> absl::StatusOr<Response> {
      if (!locked.PositionOf(name.user).workspace_exists) return MemberNotFound(name);
      RETURN_IF_ERROR(RemoveLocked(name, locked, right, /*by_itself=*/false, tx));
      return Response();
    };
    const auto outcome =
        Mutate<Response>(store_, call_, request_, RemovalPlan(name), {.organization = organization_}, remove);
    const absl::Status& status = outcome.status();
    if (outcome.ok()) {
      response_.set_removed(response_.removed() + 1);
      response_.set_rights_revision(outcome->rights_revision());
    } else if (HasReason(status, Reason::kLastAdmin) || HasReason(status, Reason::kOrgOwnerProtected)) {
      AddBlocked(name.ToString(), status);
    } else if (!HasReason(status, Reason::kMemberNotFound)) {
      return status;
    }
    return absl::OkStatus();
  }

  void AddBlocked(const std::string& what, const absl::Status& status) {
    if (response_.blocked_size() == kMaxBlocked) return;
    Response::Blocked& blocked = *response_.add_blocked();
    blocked.set_member(what);
    blocked.set_reason(std::string(ReasonName(DetailsOf(status)->reason)));
    blocked.set_message(std::string(status.message()));
  }

  absl::StatusOr<Response> Unfinished() {
    ASSIGN_OR_RETURN(const int64_t remaining, upkeep_.CountWorkspacesOf(organization_, user_, after_));
    response_.set_remaining(static_cast<int32_t>(remaining));
    return response_;
  }

  MembershipStore& store_;
  Upkeep& upkeep_;
  const rpc::Call& call_;
  const Request& request_;
  const OrganizationId organization_;
  UserId user_;
  bool is_owner_ = false;
  WorkspaceId after_;  // the last one that was looked at
  Response response_;
};

// Clears the address of the user's record in one workspace. Gives how many had one.
absl::StatusOr<int64_t> EraseAddress(MembershipStore& store, const rpc::Call& call,
                                     const v1::EraseUserRequest& request, const MemberName& name) {
  LockPlan plan{.workspace = name.workspace};
  plan.With(name.user, LockMode::kUpdate);
  const auto erase = [&](MembershipTx& tx, const Locked& locked,
                         Right right) -> absl::StatusOr<v1::EraseUserResponse> {
    v1::EraseUserResponse response;
    auto member = locked.MemberOf(name.user);
    if (!member.has_value() || member->address.empty()) return response;
    member->address.clear();
    tx.SetAddress(*member);
    tx.Audit(AuditOf("member.erased", name.ToString(), locked, right));
    response.set_cleared(1);
    return response;
  };
  ASSIGN_OR_RETURN(const v1::EraseUserResponse response,
                   Mutate<v1::EraseUserResponse>(store, call, request, plan, {}, erase));
  return response.cleared();
}

}  // namespace

absl::StatusOr<v1::RemoveUserFromOrganizationResponse> UserRemovals::RemoveUserFromOrganization(
    const rpc::Call& call, const v1::RemoveUserFromOrganizationRequest& request) {
  const absl::Time until = WorkUntil(call);
  ASSIGN_OR_RETURN(const OrganizationId id, ParseOrganizationName("organization", request.organization()));
  return Sweep(store_, upkeep_, call, request, id).Run(until);
}

absl::StatusOr<v1::EraseUserResponse> UserRemovals::EraseUser(const rpc::Call& call,
                                                              const v1::EraseUserRequest& request) {
  const absl::Time until = WorkUntil(call);
  RETURN_IF_ERROR(Authorize(RuleFor(request).need, call, Position(), Subject()).status());
  ASSIGN_OR_RETURN(const UserId user, ParseUserId("user", request.user()));
  int64_t cleared = 0;
  if (!request.validate_only()) {
    ASSIGN_OR_RETURN(const int64_t of_members, EraseOfMembers(call, request, user, until));
    ASSIGN_OR_RETURN(const int64_t of_removals, EraseOfRemovals(user, until));
    cleared = of_members + of_removals;
  }
  ASSIGN_OR_RETURN(const int64_t remaining, upkeep_.CountAddresses(user));
  v1::EraseUserResponse response;
  response.set_cleared(request.validate_only() ? remaining : cleared);
  response.set_remaining(remaining);
  response.set_done(remaining == 0);
  return response;
}

absl::StatusOr<int64_t> UserRemovals::EraseOfMembers(const rpc::Call& call,
                                                     const v1::EraseUserRequest& request, const UserId& user,
                                                     absl::Time until) {
  int64_t cleared = 0;
  WorkspaceId after;
  while (true) {
    ASSIGN_OR_RETURN(const auto page, upkeep_.WorkspacesWithAddress(user, after, kPage));
    for (const WorkspaceId& workspace : page) {
      if (absl::Now() >= until) return cleared;
      ASSIGN_OR_RETURN(const int64_t had_one, EraseAddress(store_, call, request, {workspace, user}));
      cleared += had_one;
      after = workspace;
    }
    if (page.size() < kPage) return cleared;
  }
}

absl::StatusOr<int64_t> UserRemovals::EraseOfRemovals(const UserId& user, absl::Time until) {
  int64_t cleared = 0;
  while (absl::Now() < until) {
    ASSIGN_OR_RETURN(const int64_t more, upkeep_.EraseAddresses(user, kEraseBatch));
    if (more == 0) break;
    cleared += more;
  }
  return cleared;
}

}  // namespace guestpass::membership
