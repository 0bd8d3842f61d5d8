// SPDX-License-Identifier: Apache-2.0
#include "services/messaging_gateway/server/messaging_service.h"

#include <vector>

#include "absl/time/clock.h"
#include "common/rights/names.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/messaging_gateway/server/convert.h"
#include "services/messaging_gateway/server/session.h"

namespace guestpass::messaging {
namespace {

constexpr int kDefaultPage = 50;
constexpr int kLargestPage = 1000;
constexpr size_t kLargestAnswer = 1 << 20;  // bytes of text; a page ends after that
constexpr absl::Duration kRightsPatience = absl::Seconds(1);
constexpr absl::Duration kRightsPause = absl::Milliseconds(5);

absl::Status Readable(const rights_feed::ChannelRights& rights, absl::string_view channel,
                      absl::Duration boot) {
  const auto decision = rights_feed::Decide(rights, rights::Action::kRead, boot);
  if (!decision.refusal.has_value()) return absl::OkStatus();
  return RefusalError(*decision.refusal, decision.authority, rights::Action::kRead, channel);
}

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* MessagingService::Connect(
    grpc::CallbackServerContext* context) {
  return Session::Start(gateway_, *context);
}

grpc::ServerUnaryReactor* MessagingService::ListMessages(grpc::CallbackServerContext* context,
                                                         const v1::ListMessagesRequest* request,
                                                         v1::ListMessagesResponse* response) {
  return gateway_.runner.Unary(
      context, "ListMessages", {.users = true}, request, response,
      [this](const rpc::Call& call, const v1::ListMessagesRequest& r) { return List(call, r); });
}

// Decided before the table is read, and again for each message as it is written out.
absl::StatusOr<v1::ListMessagesResponse> MessagingService::List(const rpc::Call& call,
                                                                const v1::ListMessagesRequest& request) {
  ASSIGN_OR_RETURN(const UserId user, call.RequireUser());
  ASSIGN_OR_RETURN(const ChannelName name, ParseChannelName("parent", request.parent()));
  ASSIGN_OR_RETURN(const auto member, gateway_.rights.Load(name.workspace, user));
  ASSIGN_OR_RETURN(const auto rights, gateway_.rights.LoadChannel(member, name.channel));
  RETURN_IF_ERROR(Readable(rights, request.parent(), gateway_.clock.Boot()));
  if (request.page_size() < 0 || request.page_size() > kLargestPage) {
    return FieldInvalid("page_size", "is not between 0 and 1000");
  }
  const int page = request.page_size() == 0 ? kDefaultPage : request.page_size();
  ASSIGN_OR_RETURN(const std::vector<Message> messages,
                   gateway_.store.List(name.channel, request.after(), page + 1));
  v1::ListMessagesResponse response;
  size_t bytes = 0;
  for (const Message& message : messages) {
    if (response.messages_size() == page || bytes > kLargestAnswer) {
      response.set_next_after(message.number - 1);
      break;
    }
    RETURN_IF_ERROR(AwaitRights(message.revision));
    RETURN_IF_ERROR(Readable(rights, request.parent(), gateway_.clock.Boot()));
    *response.add_messages() = ToProto(message);
    bytes += message.text.size();
  }
  return response;
}

// Waits until this gateway has taken in what the author's gateway knew. RIGHTS_STALE after a second.
absl::Status MessagingService::AwaitRights(const RightsRevision& revision) const {
  const absl::Duration give_up = gateway_.clock.Boot() + kRightsPatience;
  for (;;) {
    const absl::Duration boot = gateway_.clock.Boot();
    if (gateway_.live.feed.Reached(revision.shard, {revision.epoch, revision.n}, boot)) {
      return absl::OkStatus();
    }
    if (boot >= give_up) return RefusalError(rights::Refusal::kRightsStale, {}, rights::Action::kRead, "");
    absl::SleepFor(kRightsPause);
  }
}

}  // namespace guestpass::messaging
