// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/invite_service.h"

#include <utility>

#include "common/status/macros.h"
#include "services/invite/domain/errors.h"
#include "services/invite/server/rules.h"

namespace guestpass::invite {
namespace {

// Nothing, or how long the caller has to wait.
absl::StatusOr<std::optional<absl::Duration>> Take(rpc::Rate& rate, const rpc::Call& call) {
  ASSIGN_OR_RETURN(const UserId user, call.RequireUser());
  return rate.Take(user.text(), SystemClock().Boot());
}

}  // namespace

InviteService::InviteService(rpc::Runner& runner, const InviteServiceParts& parts, auth::Sealer pages,
                             const InviteServiceOptions& options)
    : runner_(runner),
      creation_(parts.store, parts.membership, parts.courier, options.creation),
      batch_(parts.store, parts.membership, creation_, parts.outbox),
      listing_(parts.store, parts.membership, std::move(pages)),
      resend_(parts.store, parts.membership, parts.courier, options.creation),
      revocation_(parts.store, parts.membership),
      preview_(parts.store, parts.membership),
      redemption_(parts.store, parts.membership, parts.sink),
      sweeps_(parts.upkeep, SystemClock()),
      erasure_(parts.upkeep, SystemClock()),
      redeem_rate_(options.redeems_per_minute),
      preview_rate_(options.previews_per_minute) {}

#define GUESTPASS_METHOD(name, answer, method)                                                              \
  grpc::ServerUnaryReactor* InviteService::name(grpc::CallbackServerContext* context,                       \
                                                const v1::name##Request* request, v1::answer* response) {   \
    return runner_.Unary(context, #name, AccessOf(#name), request, response,                                \
                         [this](const rpc::Call& call, const auto& asked) { return method(call, asked); }); \
  }

GUESTPASS_INVITE_METHODS(GUESTPASS_METHOD)

#undef GUESTPASS_METHOD

absl::StatusOr<v1::PreviewInviteResponse> InviteService::LookAtRate(const rpc::Call& call,
                                                                    const v1::PreviewInviteRequest& request) {
  ASSIGN_OR_RETURN(const auto wait, Take(preview_rate_, call));
  if (wait.has_value()) return PreviewRateLimited(*wait);
  return preview_.Look(call, request);
}

absl::StatusOr<v1::RedeemInviteResponse> InviteService::RedeemAtRate(const rpc::Call& call,
                                                                     const v1::RedeemInviteRequest& request) {
  ASSIGN_OR_RETURN(const auto wait, Take(redeem_rate_, call));
  if (wait.has_value()) return RedeemRateLimited(*wait);
  return redemption_.Redeem(call, request);
}

absl::StatusOr<v1::DeclineInviteResponse> InviteService::DeclineAtRate(
    const rpc::Call& call, const v1::DeclineInviteRequest& request) {
  ASSIGN_OR_RETURN(const auto wait, Take(redeem_rate_, call));
  if (wait.has_value()) return RedeemRateLimited(*wait);
  return preview_.Decline(call, request);
}

}  // namespace guestpass::invite
