// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/user_removals.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/time/clock.h"
#include "common/rights/names.h"
#include "common/rights/revision.h"
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

// Whether what fails so may succeed a moment later.
bool WillPass(const absl::Status& status) {
  return HasReason(status, Reason::kConflict) || HasReason(status, Reason::kOverloaded) ||
         HasReason(status, Reason::kDatabaseUnavailable) || HasReason(status, Reason::kOutcomeUnknown);
}

// The same for one workspace: the id is the whole removal's.
v1::RemoveUserFromOrganizationRequest WithoutId(v1::RemoveUserFromOrganizationRequest request) {
  request.clear_request_id();
  return request;
}

// One call's way through the workspaces of one user, in their order.
class Sweep {
 public:
  using Request = v1::RemoveUserFromOrganizationRequest;
  using Response = v1::RemoveUserFromOrganizationResponse;

  // All of them outlive this.
  Sweep(MembershipStore& store, Upkeep& upkeep, const rpc::Call& call, const Request& request,
        const OrganizationId& organization)
      : store_(store),
        upkeep_(upkeep),
        call_(call),
        request_(request),
        of_one_(WithoutId(request)),
        organization_(organization),
        user_(UserId::Parse(request.user()).value_or(UserId())) {}

  // What was done by the time that something failed for a moment is told: who calls goes on as after any
  // call.
  absl::StatusOr<Response> Run(absl::Time until) {
    RETURN_IF_ERROR(Begin());
    const absl::StatusOr<bool> all = LookAtAll(until);
    if (!all.ok() && !IsHalfDone(all.status())) return all.status();
    response_.set_done(all.ok() && *all);
    if (response_.done()) return response_;
    const absl::StatusOr<int64_t> remaining = upkeep_.CountWorkspacesOf(organization_, user_, after_);
    if (!remaining.ok() && !IsHalfDone(remaining.status())) return remaining.status();
    response_.set_remaining(static_cast<int32_t>(remaining.value_or(0)));
    return response_;
  }

 private:
  // First the user's role goes, so that none of the rights that it gives outlast this, and with it every
  // invite made before, so that none lets the user into a workspace that was looked at already. An owner's
  // role stays, and blocks (M5). Where a call with the same id began, it is not done again, and answered the
  // same.
  absl::Status Begin() {
    ASSIGN_OR_RETURN(const auto addresses, upkeep_.AddressesOf(organization_, user_));
    rights::RightsRevision owners;
    const auto begin = [&](MembershipTx& tx, const Locked& locked, Right right) -> absl::StatusOr<Response> {
      RETURN_IF_ERROR(ParseUserId("user", request_.user()).status());
      owners = locked.revision;
      const auto role = locked.RoleInOrganization(user_);
      if (role == rights::OrganizationRole::kOwner) return OrgOwnerProtected(ToName(organization_));
      Response response;
      response.set_org_role_taken(role.has_value());
      RETURN_IF_ERROR(EndAll(addresses, locked, right, tx));
      return response;
    };
    auto begun = Mutate<Response>(store_, call_, request_, RolePlan(organization_, user_),
                                  {.organization = organization_}, begin);
    is_owner_ = HasReason(begun.status(), Reason::kOrgOwnerProtected);
    if (is_owner_) {
      AddBlocked(ToName(organization_), begun.status());
      response_.set_rights_revision(owners.ToString());
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(response_, std::move(begun));
    has_begun_ = !request_.validate_only();
    const auto revision = rights::RightsRevision::Parse(response_.rights_revision());
    if (revision.has_value()) begun_n_ = revision->n;
    return absl::OkStatus();
  }

  absl::Status EndAll(const std::vector<std::string>& addresses, const Locked& locked, Right right,
                      MembershipTx& tx) {
    if (locked.RoleInOrganization(user_).has_value()) {
      RETURN_IF_ERROR(EndRole(user_, locked, right, /*by_itself=*/false, tx));
    } else {
      tx.PutOrganizationMember({.organization = organization_, .user = user_});
      tx.NoteRemoval(organization_, user_);
    }
    ASSIGN_OR_RETURN(noted_, tx.NoteAddresses(organization_, user_, addresses));
    AuditEntry entry = AuditOf("organization.user_removed", ToName(organization_), locked, right);
    entry.after = rights::OrganizationMemberState{.organization = organization_, .user = user_};
    entry.notes = {{"user", user_.ToString()}};
    tx.Audit(entry);
    return absl::OkStatus();
  }

  // Whether what failed may be gone on with, and was begun for good.
  bool IsHalfDone(const absl::Status& failed) const { return has_begun_ && WillPass(failed); }

  // False where time is up.
  absl::StatusOr<bool> LookAtAll(absl::Time until) {
    while (true) {
      ASSIGN_OR_RETURN(const auto page, upkeep_.WorkspacesOf(organization_, user_, after_, kPage));
      ASSIGN_OR_RETURN(const bool in_time, LookAt(page, until));
      if (!in_time || page.size() < kPage) return in_time;
    }
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
    std::string late_address;
    auto outcome = Remove(name, LockMode::kShare, late_address);
    if (!late_address.empty()) {
      outcome = Remove(name, LockMode::kUpdate, late_address);
      if (outcome.ok()) noted_.push_back(late_address);
    }
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

  // An address that the user has shown since the addresses were read is to be noted for the organization as
  // if it had been among them. For that the organization is locked for update, so that nobody is joining with
  // it in another workspace: without that lock nothing is done but to tell the address.
  absl::StatusOr<Response> Remove(const MemberName& name, LockMode organization_mode,
                                  std::string& late_address) {
    LockPlan plan = RemovalPlan(name);
    plan.organization_mode = organization_mode;
    const auto remove = [&](MembershipTx& tx, const Locked& locked, Right right) -> absl::StatusOr<Response> {
      if (!locked.PositionOf(user_).workspace_exists) return MemberNotFound(name);
      late_address = LateAddress(locked.MemberOf(user_));
      if (!late_address.empty()) {
        if (organization_mode == LockMode::kShare) return absl::AbortedError("begin again with another lock");
        tx.NoteAddress(organization_, user_, late_address, begun_n_);
      }
      RETURN_IF_ERROR(RemoveLocked(name, locked, right, /*by_itself=*/false, tx));
      return Response();
    };
    return Mutate<Response>(store_, call_, of_one_, plan, {.organization = organization_}, remove);
  }

  std::string LateAddress(const std::optional<Member>& member) const {
    if (!has_begun_ || !member.has_value()) return "";
    return absl::c_linear_search(noted_, member->address) ? "" : member->address;
  }

  void AddBlocked(const std::string& what, const absl::Status& status) {
    if (response_.blocked_size() == kMaxBlocked) return;
    Response::Blocked& blocked = *response_.add_blocked();
    blocked.set_member(what);
    blocked.set_reason(std::string(ReasonName(DetailsOf(status)->reason)));
    blocked.set_message(std::string(status.message()));
  }

  MembershipStore& store_;
  Upkeep& upkeep_;
  const rpc::Call& call_;
  const Request& request_;
  const Request of_one_;
  const OrganizationId organization_;
  const UserId user_;
  bool has_begun_ = false;
  bool is_owner_ = false;
  uint64_t begun_n_ = 0;            // the number of the removal
  std::vector<std::string> noted_;  // addresses, for the organization
  WorkspaceId after_;               // the last one that was looked at
  Response response_;
};

}  // namespace

absl::Time UserRemovals::WorkUntil(const rpc::Call& call) {
  return std::min(absl::Now() + kWorkTime, call.deadline - kAnswerTime);
}

absl::StatusOr<v1::RemoveUserFromOrganizationResponse> UserRemovals::RemoveUserFromOrganization(
    const rpc::Call& call, const v1::RemoveUserFromOrganizationRequest& request) {
  const absl::Time until = WorkUntil(call);
  ASSIGN_OR_RETURN(const OrganizationId id, ParseOrganizationName("organization", request.organization()));
  return Sweep(store_, upkeep_, call, request, id).Run(until);
}

}  // namespace guestpass::membership
