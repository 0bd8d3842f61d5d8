// SPDX-License-Identifier: Apache-2.0
#include "absl/time/clock.h"
#include "common/rights/names.h"
#include "services/membership/server/audits.h"
#include "services/membership/server/mutate.h"
#include "services/membership/server/user_removals.h"

namespace guestpass::membership {
namespace {

constexpr int kPage = 1000;       // workspaces
constexpr int kEraseBatch = 500;  // records of removals

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
