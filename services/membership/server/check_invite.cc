// SPDX-License-Identifier: Apache-2.0
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "common/mail/address.h"
#include "common/rights/names.h"
#include "common/rights/revision.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/outcome.h"
#include "common/rpc/proto_time.h"
#include "common/status/macros.h"
#include "services/membership/domain/errors.h"
#include "services/membership/domain/grants.h"
#include "services/membership/domain/guest_admission.h"
#include "services/membership/server/callers.h"
#include "services/membership/server/convert.h"
#include "services/membership/server/rights_service.h"

namespace guestpass::membership {
namespace {

namespace rights_v1 = rights::v1;

constexpr int kMaxChecks = 64;

absl::Status CheckRole(const rights_v1::CheckInviteRequest& request,
                       const absl::StatusOr<std::vector<ChannelId>>& channels) {
  const auto role = rights_feed::FromProto(request.role());
  if (!role.has_value()) return FieldInvalid("role", "is none of those that there are");
  RETURN_IF_ERROR(channels.status());
  if (role == rights::Role::kGuest && channels->empty()) {
    return FieldInvalid("channels", "is empty: a guest is granted at least one");
  }
  if (role != rights::Role::kGuest && !channels->empty())
    return FieldInvalid("channels", "is for guests only");
  return absl::OkStatus();
}

absl::Status CheckChannels(const WorkspaceId& workspace, const std::vector<ChannelRights>& channels) {
  for (const ChannelRights& asked : channels) {
    const bool is_here = asked.channel.workspace == workspace && asked.channel.kind.has_value();
    RETURN_IF_ERROR(CheckGrantable({workspace, asked.channel.channel},
                                   is_here ? std::optional(Channel{.state = asked.channel}) : std::nullopt));
  }
  return absl::OkStatus();
}

// What becoming a guest will ask (G7, I20, G9), the address's part where there is one.
absl::Status CheckGuest(const rights_v1::CheckInviteRequest& request, const InviteRead& read,
                        const std::string& address) {
  if (rights_feed::FromProto(request.role()) != rights::Role::kGuest) return absl::OkStatus();
  ASSIGN_OR_RETURN(const ExpireSetting expiry, ReadExpiry("", request));
  const WorkspaceSettings& settings = read.workspace.settings;
  RETURN_IF_ERROR(FirstExpireTime(expiry, settings, read.now).status());
  if (!address.empty() && !DomainAllowed(settings, address)) return EmailDomainNotAllowed();
  return absl::OkStatus();
}

absl::Status CheckCapsOfGuest(const rights_v1::CheckInviteRequest& request, const InviteRead& read) {
  if (rights_feed::FromProto(request.role()) != rights::Role::kGuest) return absl::OkStatus();
  return CheckCaps(read.workspace.settings, read.guests);
}

// One invite that is asked about, from its request to what is said of it.
class Inquiry {
 public:
  // `part` is the inviter's; `request` outlives this.
  Inquiry(rpc::CallPart part, const rights_v1::CheckInviteRequest& request)
      : part_(std::move(part)), request_(request) {}

  const rpc::Call& call() const { return part_.call; }

  // What has to be known of it.
  absl::StatusOr<InviteQuery> Read();

  absl::StatusOr<rights_v1::CheckInviteResponse> Judge(const InviteRead& read) const;

 private:
  absl::Status Check(const InviteRead& read) const;

  const rpc::CallPart part_;
  const rights_v1::CheckInviteRequest& request_;
  WorkspaceId workspace_;
  absl::StatusOr<std::vector<ChannelId>> channels_;
  std::string address_;  // folded
};

absl::StatusOr<InviteQuery> Inquiry::Read() {
  RETURN_IF_ERROR(part_.admission);
  ASSIGN_OR_RETURN(workspace_, ParseWorkspaceId("workspace", request_.workspace()));
  ASSIGN_OR_RETURN(const UserId user, part_.call.RequireUser());
  channels_ = ParseChannels("channels", request_.channels());
  if (const auto address = mail::ParseAddress(request_.address())) address_ = address->folded;
  InviteQuery query{.inviter = {.workspace = workspace_, .user = user}, .address = address_};
  query.counts_guests = request_.role() == type::v1::ROLE_GUEST;
  if (channels_.ok()) query.inviter.channels = *channels_;
  return query;
}

absl::StatusOr<rights_v1::CheckInviteResponse> Inquiry::Judge(const InviteRead& read) const {
  RETURN_IF_ERROR(Check(read));
  rights_v1::CheckInviteResponse response;
  response.set_rights_n(read.inviter.n);
  *response.mutable_database_time() = rpc::ToProto(read.now);
  response.set_removed_n(read.removed_n);
  response.set_workspace_display_name(read.workspace.display_name);
  const rights::RightsRevision revision{
      .epoch = read.epoch, .shard = read.inviter.shard, .n = read.inviter.n};
  response.set_rights_revision(revision.ToString());
  return response;
}

absl::Status Inquiry::Check(const InviteRead& read) const {
  const Position position{.now = read.now, .authority = read.inviter.authority()};
  RETURN_IF_ERROR(
      Authorize(RuleFor(request_).need, part_.call, position, {.workspace = workspace_}).status());
  RETURN_IF_ERROR(CheckRole(request_, channels_));
  if (!request_.address().empty() && address_.empty()) return FieldInvalid("address", "is no mail address");
  RETURN_IF_ERROR(CheckChannels(workspace_, read.inviter.channels));
  RETURN_IF_ERROR(CheckGuest(request_, read, address_));
  if (!address_.empty() && read.member_exists) return MemberExists();
  return CheckCapsOfGuest(request_, read);
}

using Checked = absl::StatusOr<rights_v1::CheckInviteResponse>;

// In their order.
std::vector<Checked> CheckAll(MembershipStore& store, std::deque<Inquiry>& inquiries) {
  std::vector<absl::Status> refusals;
  std::vector<InviteQuery> queries;
  for (Inquiry& inquiry : inquiries) {
    absl::StatusOr<InviteQuery> query = inquiry.Read();
    refusals.push_back(query.status());
    if (query.ok()) queries.push_back(*std::move(query));
  }
  const auto reads = store.ReadForInvites(queries);
  std::vector<Checked> answers;
  auto read = reads.begin();
  for (size_t i = 0; i < inquiries.size(); ++i) {
    if (!refusals[i].ok()) {
      answers.emplace_back(refusals[i]);
    } else {
      answers.push_back(read->ok() ? inquiries[i].Judge(**read) : read->status());
      ++read;
    }
  }
  return answers;
}

}  // namespace

absl::StatusOr<rights_v1::CheckInviteResponse> RightsService::CheckInvite(
    const rpc::Call& call, const rights_v1::CheckInviteRequest& request) {
  std::deque<Inquiry> inquiries;
  inquiries.emplace_back(rpc::CallPart{.call = call}, request);
  return std::move(CheckAll(store_, inquiries)[0]);
}

absl::StatusOr<rights_v1::BatchCheckInvitesResponse> RightsService::BatchCheckInvites(
    const rpc::Call& call, const rights_v1::BatchCheckInvitesRequest& request) {
  using Outcome = rights_v1::BatchCheckInvitesResponse::Outcome;
  if (request.checks().empty()) return FieldInvalid("checks", "has none: 1 to 64 go into one call");
  if (request.checks_size() > kMaxChecks) return FieldInvalid("checks", "has more than 64");
  std::deque<Inquiry> inquiries;
  for (const auto& check : request.checks()) {
    inquiries.emplace_back(runner_.AuthenticateFor(call, check.user_authorization(), check.request_id()),
                           check.request());
  }
  rights_v1::BatchCheckInvitesResponse response;
  auto inquiry = inquiries.begin();
  for (Checked& answer : CheckAll(store_, inquiries)) {
    rpc::PutOutcome("CheckInvite", (inquiry++)->call(), std::move(answer), &Outcome::mutable_checked,
                    *response.add_outcomes());
  }
  return response;
}

}  // namespace guestpass::membership
