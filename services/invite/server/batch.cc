// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/batch.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/rpc/outcome.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/invite/server/authority.h"
#include "services/invite/server/repeats.h"

namespace guestpass::invite {
namespace {

constexpr int kMaxRequests = 100;

absl::Status CheckCount(int count) {
  if (count < 1) return FieldInvalid("requests", "has none: 1 to 100 go into one call");
  if (count > kMaxRequests) return FieldInvalid("requests", "has more than 100: send several calls");
  return absl::OkStatus();
}

// What only stands in a request that is alone.
absl::Status CheckOne(const WorkspaceId& workspace, const v1::CreateInviteRequest& request) {
  if (!request.parent().empty() && request.parent() != ToName(workspace)) {
    return FieldInvalid("parent", "is another than the batch's: leave it out");
  }
  if (!request.request_id().empty()) return FieldInvalid("request_id", "stands in the batch, once for all");
  return absl::OkStatus();
}

// Each invite is kept under a key of its own, so that a batch that was cut short can be sent again.
std::optional<RequestKey> KeyOf(std::optional<RequestKey> key, int i) {
  if (key.has_value()) absl::StrAppend(&key->id, " ", i);
  return key;
}

// Whether the next one would meet the same.
bool MeetsAll(const absl::Status& status) {
  return HasReason(status, Reason::kDatabaseUnavailable) || HasReason(status, Reason::kServiceUnavailable);
}

absl::Status OutboxFull() {
  return Error("More mail waits to go out than this server keeps. Try again a little later.",
               {.reason = Reason::kOverloaded, .retry_after = absl::Seconds(1)});
}

absl::Status TooManyUnderWay() {
  return Error(
      "As many batches of invites are under way as this server makes at once, in all or for one user. Send "
      "this one again once another was answered.",
      {.reason = Reason::kOverloaded, .retry_after = absl::Seconds(1)});
}

}  // namespace

absl::StatusOr<v1::BatchCreateInvitesResponse> Batch::Create(const rpc::Call& call,
                                                             const v1::BatchCreateInvitesRequest& request) {
  ASSIGN_OR_RETURN(const WorkspaceId workspace, ParseWorkspaceName("parent", request.parent()));
  RETURN_IF_ERROR(RequireInviter(membership_, call, workspace));
  RETURN_IF_ERROR(CheckCount(request.requests_size()));
  ASSIGN_OR_RETURN(const std::optional<RequestKey> key, ReadKey(call, request));
  ASSIGN_OR_RETURN(const UserId user, call.RequireUser());
  ASSIGN_OR_RETURN(const InFlight::Place place, TakePlace(user));
  RETURN_IF_ERROR(CheckKeys(key, request.requests_size()));
  using Outcome = v1::BatchCreateInvitesResponse::Outcome;
  v1::BatchCreateInvitesResponse response;
  absl::StatusOr<v1::CreateInviteResponse> created;
  for (int i = 0; i < request.requests_size(); ++i) {
    if (!MeetsAll(created.status())) created = CreateOne(call, workspace, request.requests(i), KeyOf(key, i));
    rpc::PutOutcome("CreateInvite", call, created, &Outcome::mutable_created, *response.add_outcomes());
  }
  return response;
}

absl::StatusOr<InFlight::Place> Batch::TakePlace(const UserId& user) {
  std::optional<InFlight::Place> place = in_flight_.TakePlace(user);
  if (!place.has_value()) return TooManyUnderWay();
  return *std::move(place);
}

// Whether this id came with another batch.
absl::Status Batch::CheckKeys(const std::optional<RequestKey>& key, int count) {
  if (!key.has_value()) return absl::OkStatus();
  const absl::Status status = store_.Transact([&](InviteTx& tx) -> absl::Status {
    for (int i = 0; i < count; ++i) RETURN_IF_ERROR(tx.AnswerTo(*KeyOf(key, i)).status());
    return absl::OkStatus();
  });
  return HasReason(status, Reason::kRequestIdReused) ? RequestIdReused(key->id) : status;
}

absl::StatusOr<v1::CreateInviteResponse> Batch::CreateOne(const rpc::Call& call, const WorkspaceId& workspace,
                                                          const v1::CreateInviteRequest& request,
                                                          const std::optional<RequestKey>& key) {
  RETURN_IF_ERROR(CheckOne(workspace, request));
  const bool mails = creation_.Mails(request);
  std::optional<Outbox::Place> place = mails ? outbox_.TakePlace() : std::nullopt;
  if (mails && !place.has_value()) return OutboxFull();
  ASSIGN_OR_RETURN(Creation::Made made, creation_.Make(call, workspace, request, key, outbox_.lease()));
  if (made.answer.has_value()) return *std::move(made.answer);
  const Issued& issued = made.issued;
  if (issued.invite.delivery == Delivery::kSending) {
    std::move(*place).Put(InvitationOf(issued.invite, issued.secret));
  }
  return creation_.Answer(issued);
}

}  // namespace guestpass::invite
