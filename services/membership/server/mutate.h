// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/request_key.h"
#include "common/status/macros.h"
#include "services/membership/server/callers.h"
#include "services/membership/storage/membership_store.h"

// What every method that changes something has in common.
namespace guestpass::membership {

template <typename Request>
bool OnlyValidates(const Request& request) {
  if constexpr (requires { request.validate_only(); }) return request.validate_only();
  return false;
}

inline std::optional<RequestKey> ToDomain(const std::optional<rpc::RequestKey>& key) {
  if (!key.has_value()) return std::nullopt;
  return RequestKey{key->caller, key->method, key->id, key->hash};
}

template <typename Response>
void Stamp(const Committed& committed, Response& response) {
  if constexpr (requires { response.set_rights_revision(""); }) {
    response.set_rights_revision(committed.revision.ToString());
  }
  if constexpr (requires { response.mutable_record_time(); }) {
    *response.mutable_record_time() = rpc::ToProto(committed.record_time);
  }
}

// For methods that ask no more of the caller than their rule.
struct NoMore {
  absl::StatusOr<Right> operator()(const Locked&, Right right) const { return right; }
};

// A change: under the plan's locks the caller's right is judged first (A2), then whether the same request was
// answered before (A4), and only then `change(tx, locked, right)` is called, which gives the response. The
// caller is locked for share by itself. The response gets its rights_revision and its record_time.
// `judge(locked, right)` is for what a method asks of the caller beyond its rule: it is part of judging the
// caller's right, and gives the right that is taken.
template <typename Response, typename Request, typename Change, typename Judge = NoMore>
absl::StatusOr<Response> Mutate(MembershipStore& store, const rpc::Call& call, const Request& request,
                                LockPlan plan, const Subject& subject, Change change, Judge judge = {}) {
  plan.With(CallerOf(call), LockMode::kShare);
  std::optional<rpc::RequestKey> unread;
  absl::Status key_status;
  if constexpr (requires { request.request_id(); }) {
    auto read = rpc::ReadRequestKey(call, request);
    key_status = read.status();
    if (read.ok()) unread = *std::move(read);
  }
  const std::optional<RequestKey> key = ToDomain(unread);
  Response response;
  std::optional<KeptAnswer> kept;
  const auto judged = [&](const Locked& locked) -> absl::StatusOr<Right> {
    ASSIGN_OR_RETURN(const Right right,
                     Authorize(RuleFor(request).need, call, locked.PositionOf(CallerOf(call)),
                               WithSponsor(subject, locked.MemberOf(subject.user))));
    return judge(locked, right);
  };
  plan.judge = [&judged](const Locked& locked) { return judged(locked).status(); };
  const auto body = [&](MembershipTx& tx, const Locked& locked) -> absl::Status {
    kept.reset();
    ASSIGN_OR_RETURN(const Right right, judged(locked));
    RETURN_IF_ERROR(key_status);
    if (key.has_value()) {
      ASSIGN_OR_RETURN(kept, tx.AnswerTo(*key));
      if (kept.has_value()) return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(response, change(tx, locked, right));
    if (OnlyValidates(request)) {
      tx.OnlyJudge();
    } else if (key.has_value()) {
      tx.KeepAnswer(*key, response.SerializeAsString());
    }
    return absl::OkStatus();
  };
  ASSIGN_OR_RETURN(Committed committed, store.Transact(plan, ActorOf(call), body));
  if (kept.has_value()) {
    response.ParseFromString(kept->answer);
    committed = {kept->record_time, kept->revision};
  }
  Stamp(committed, response);
  return response;
}

}  // namespace guestpass::membership
