// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "common/failpoint/failpoint.h"
#include "common/rpc/outcome.h"
#include "common/rpc/text.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/membership/domain/errors.h"
#include "services/membership/server/rights_service.h"

namespace guestpass::membership {
namespace {

namespace rights_v1 = rights::v1;

constexpr int kMaxJoinings = 64;

// Whether an error says that nobody joined and nobody should by this attempt; the others leave it open.
bool IsRefusal(const absl::Status& status) {
  return absl::IsFailedPrecondition(status) || absl::IsPermissionDenied(status) ||
         absl::IsInvalidArgument(status) || absl::IsAborted(status) ||
         HasReason(status, Reason::kGuestLimitReached);
}

// Who has authority through the organization is told nothing of a guest's record (M11).
rights::MemberState StateToTell(const MemberRights& rights) {
  const rights::MemberState& state = rights.member;
  if (state.role != rights::Role::kGuest || rights.authority().role == state.role) return state;
  return {.workspace = state.workspace, .user = state.user};
}

}  // namespace

absl::StatusOr<rights_v1::JoinMemberResponse> RightsService::JoinMember(
    const rpc::Call& call, const rights_v1::JoinMemberRequest& request) {
  std::deque<JoinAttempt> attempts;
  attempts.emplace_back(rpc::CallPart{.call = call}, request);
  return std::move(JoinAll(attempts)[0]);
}

absl::StatusOr<rights_v1::BatchJoinMembersResponse> RightsService::BatchJoinMembers(
    const rpc::Call& call, const rights_v1::BatchJoinMembersRequest& request) {
  using Outcome = rights_v1::BatchJoinMembersResponse::Outcome;
  if (request.joinings().empty()) return FieldInvalid("joinings", "has none: 1 to 64 go into one call");
  if (request.joinings_size() > kMaxJoinings) return FieldInvalid("joinings", "has more than 64");
  std::deque<JoinAttempt> attempts;
  for (const auto& joining : request.joinings()) {
    attempts.emplace_back(runner_.AuthenticateFor(call, joining.user_authorization(), joining.request_id()),
                          joining.request());
  }
  rights_v1::BatchJoinMembersResponse response;
  size_t i = 0;
  for (auto& answer : JoinAll(attempts)) {
    rpc::PutOutcome("JoinMember", attempts[i++].call(), std::move(answer), &Outcome::mutable_joined,
                    *response.add_outcomes());
  }
  return response;
}

std::vector<RightsService::Joined> RightsService::JoinAll(std::deque<JoinAttempt>& attempts) {
  std::vector<absl::Status> read;
  std::vector<MembershipStore::Change> changes;
  for (JoinAttempt& attempt : attempts) {
    read.push_back(attempt.Read());
    if (read.back().ok()) changes.push_back(attempt.ToChange());
  }
  store_.TransactAll(changes);
  std::vector<Joined> answers;
  auto change = changes.begin();
  for (size_t i = 0; i < attempts.size(); ++i) {
    answers.push_back(Answer(attempts[i], read[i].ok() ? (change++)->outcome : read[i]));
  }
  return answers;
}

RightsService::Joined RightsService::Answer(const JoinAttempt& attempt,
                                            const absl::StatusOr<Committed>& outcome) {
  const std::string& key = attempt.request().join_key();
  if (outcome.ok()) {
    failpoint::Reach("join.committed", key);
    return attempt.ResponseTo(*outcome);
  }
  if (!attempt.admitted() || !IsRefusal(outcome.status())) return outcome.status();
  failpoint::Reach("join.refused", key);
  ASSIGN_OR_RETURN(const JoinKey decided, store_.ResolveJoinKey(key));
  return TwinsJoin(decided, attempt, outcome.status());
}

RightsService::Joined RightsService::TwinsJoin(const JoinKey& twin, const JoinAttempt& attempt,
                                               const absl::Status& refusal) {
  if (twin.outcome == JoinKey::Outcome::kCancelled) return refusal;
  if (twin.user != attempt.user() || twin.workspace.text() != attempt.request().workspace()) {
    return JoinCancelled(twin.key);
  }
  ASSIGN_OR_RETURN(const RightsRead read,
                   store_.ReadRights({{.workspace = twin.workspace, .user = twin.user}}));
  const MemberRights& rights = read.members[0];
  if (!rights.authority().role.has_value()) return refusal;
  return ResponseOf(twin.already_member, StateToTell(rights), {read.epoch, rights.shard, rights.n});
}

absl::StatusOr<rights_v1::ResolveJoinResponse> RightsService::ResolveJoin(
    const rpc::Call&, const rights_v1::ResolveJoinRequest& request) {
  RETURN_IF_ERROR(rpc::CheckText("join_key", request.join_key(), 1, kMaxJoinKey));
  failpoint::Reach("resolve.begun", request.join_key());
  ASSIGN_OR_RETURN(const JoinKey decided, store_.ResolveJoinKey(request.join_key()));
  failpoint::Reach("resolve.decided", request.join_key());
  rights_v1::ResolveJoinResponse response;
  response.set_outcome(decided.outcome == JoinKey::Outcome::kJoined
                           ? rights_v1::ResolveJoinResponse::OUTCOME_JOINED
                           : rights_v1::ResolveJoinResponse::OUTCOME_CANCELLED);
  response.set_already_member(decided.already_member);
  return response;
}

}  // namespace guestpass::membership
