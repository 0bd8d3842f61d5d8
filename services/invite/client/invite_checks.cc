// SPDX-License-Identifier: Apache-2.0
#include "services/invite/client/invite_checks.h"

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/client.h"
#include "common/rpc/wire_status.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/invite/client/requests.h"

namespace guestpass::invite {
namespace {

using Async = class rights::v1::RightsService::Stub::async;

// The paths in CreateInviteRequest of what CheckInvite found fault with.
absl::Status OfTheInvite(const absl::Status& status) {
  static const auto* const kPaths =
      new std::map<std::string, std::string>{{"address", "invite.email"},
                                             {"role", "invite.role"},
                                             {"channels", "invite.channels"},
                                             {"expire_time", "invite.guest_expire_time"},
                                             {"ttl", "invite.guest_ttl"}};
  std::optional<ErrorDetails> details = DetailsOf(status);
  if (!details.has_value() || details->violations.empty()) return status;
  for (FieldViolation& violation : details->violations) {
    const auto path = kPaths->find(violation.field);
    if (path != kPaths->end()) violation.field = path->second;
  }
  const FieldViolation& first = details->violations.front();
  return Error(absl::StrCat(first.field, ": ", first.description), *details);
}

rights::v1::CheckInviteRequest RequestFor(const WorkspaceId& workspace, const Draft& draft) {
  rights::v1::CheckInviteRequest request;
  request.set_workspace(workspace.ToString());
  request.set_role(rights_feed::ToProto(draft.role));
  AddChannels(draft.channels, *request.mutable_channels());
  request.set_address(draft.address.folded);
  SetExpiry(draft.guest_expiry, request);
  return request;
}

absl::StatusOr<InviteCheck> AnswerIn(const rights::v1::BatchCheckInvitesResponse::Outcome& outcome) {
  RETURN_IF_ERROR(OfTheInvite(rpc::FromWire(outcome.error())));
  const rights::v1::CheckInviteResponse& checked = outcome.checked();
  const auto database_time = rpc::FromProto("database_time", checked.database_time());
  if (!outcome.has_checked() || !database_time.ok()) return MalformedAnswer();
  return InviteCheck{.rights_n = checked.rights_n(),
                     .database_time = *database_time,
                     .removed_n = checked.removed_n(),
                     .workspace_display_name = checked.workspace_display_name(),
                     .rights_revision = checked.rights_revision()};
}

absl::Status TookTooLong() {
  return rpc::FromGrpc({grpc::StatusCode::DEADLINE_EXCEEDED, "took too long"}, kMembershipService);
}

}  // namespace

absl::StatusOr<InviteCheck> InviteChecks::Check(const rpc::Call& call, const WorkspaceId& workspace,
                                                const Draft& draft) {
  Question question{.call = call, .request = RequestFor(workspace, draft)};
  lanes_.Do(question);
  // Its company may have been more patient. Who has been told that it took too long must not get an invite.
  if (call.deadline <= absl::Now()) return TookTooLong();
  return std::move(question.answer);
}

void InviteChecks::AskAll(const Batch& batch) {
  const absl::Status status = OfEach(Ask(batch));
  if (status.ok()) return;
  for (Question* question : batch) question->answer = status;
}

absl::Status InviteChecks::Ask(const Batch& batch) {
  rights::v1::BatchCheckInvitesRequest request;
  for (Question* question : batch) {
    auto& check = *request.add_checks();
    SetUser(question->call, check);
    *check.mutable_request() = std::move(question->request);
  }
  const auto call_of = [](const Question* question) -> const rpc::Call& { return question->call; };
  rights::v1::BatchCheckInvitesResponse response;
  rpc::CallContext context(token_, TimeFor(batch, call_of, timeout_));
  RETURN_IF_ERROR(rpc::Ask(membership_.async(), &Async::BatchCheckInvites, context, request, response,
                           kMembershipService));
  if (static_cast<size_t>(response.outcomes_size()) != batch.size()) return MalformedAnswer();
  for (size_t i = 0; i < batch.size(); ++i) {
    batch[i]->answer = AnswerIn(response.outcomes(static_cast<int>(i)));
  }
  return absl::OkStatus();
}

}  // namespace guestpass::invite
