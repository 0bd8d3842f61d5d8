// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/rpc/request_key.h"
#include "common/status/macros.h"
#include "services/invite/domain/errors.h"
#include "services/invite/server/convert.h"
#include "services/invite/server/issued.h"
#include "services/invite/storage/invite_store.h"

// Requests with a `request_id`, which get the same answer again (A4).
namespace guestpass::invite {

// The request's key, or nothing where it has no request_id. FIELD_INVALID, to be told only once the caller's
// authority is judged.
inline absl::StatusOr<std::optional<RequestKey>> ReadKey(const rpc::Call& call,
                                                         const google::protobuf::Message& request) {
  ASSIGN_OR_RETURN(const std::optional<rpc::RequestKey> key, rpc::ReadRequestKey(call, request));
  if (!key.has_value()) return std::optional<RequestKey>();
  return std::optional<RequestKey>({key->caller, key->method, key->id, key->hash});
}

// What that request was answered before, or nothing; so for no key. REQUEST_ID_REUSED; INVITE_NO_LONGER_VALID
// where that answer was erased with the address in it: it is not to be done anew.
template <typename Response>
absl::StatusOr<std::optional<Response>> AnswerTo(InviteStore& store, const std::optional<RequestKey>& key) {
  if (!key.has_value()) return std::optional<Response>();
  std::optional<std::string> kept;
  RETURN_IF_ERROR(store.Transact([&](InviteTx& tx) -> absl::Status {
    ASSIGN_OR_RETURN(kept, tx.AnswerTo(*key));
    return absl::OkStatus();
  }));
  if (!kept.has_value()) return std::optional<Response>();
  if (kept->empty()) return AnsweredAndErased(key->id);
  Response response;
  if (!response.ParseFromString(*kept)) return absl::InternalError("an answer that was kept cannot be read");
  return std::optional<Response>(std::move(response));
}

// What came of storing it, with that status: it is stored, also where nobody heard of the commit, or whoever
// sent the same request at the same time was the first. Else the status.
template <typename Response>
absl::StatusOr<MadeFor<Response>> AfterStoring(InviteStore& store, const absl::Status& status,
                                               const std::optional<RequestKey>& key, MadeFor<Response> made) {
  if (status.ok()) return made;
  if (HasReason(status, Reason::kOutcomeUnknown) && IsStored(store, made.issued).value_or(false)) return made;
  ASSIGN_OR_RETURN(made.answer, AnswerTo<Response>(store, key));
  if (!made.answer.has_value()) return status;
  return made;
}

// An answer of before for who waits for the mail, too: what became of that is in it. CONFLICT while it is
// under way, since a refusal takes back what the answer tells.
template <typename Response>
absl::StatusOr<Response> AfterMail(InviteStore& store, const std::optional<RequestKey>& key, Response kept) {
  const bool is_stored = !kept.invite().name().empty();  // not only judged
  if (!is_stored || kept.invite().delivery() != v1::Invite::DELIVERY_SENDING) return kept;
  ASSIGN_OR_RETURN(const InviteName name, ParseInviteName("name", kept.invite().name()));
  const absl::StatusOr<Invite> invite = store.Get(name);
  if (HasReason(invite.status(), Reason::kInviteNotFound)) return RequestUnderWay();
  RETURN_IF_ERROR(invite.status());
  if (invite->delivery == Delivery::kSending) return RequestUnderWay();
  // What was recorded of the mail is in the answer by now; or there is none any more; or nobody recorded it.
  ASSIGN_OR_RETURN(std::optional<Response> now, AnswerTo<Response>(store, key));
  if (!now.has_value()) return RequestUnderWay();
  if (now->invite().delivery() == v1::Invite::DELIVERY_SENDING) {
    now->mutable_invite()->set_delivery(ToProto(*invite, absl::InfinitePast()).delivery());
  }
  return *std::move(now);
}

}  // namespace guestpass::invite
