// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/invite_service.h"

#include "common/status/macros.h"
#include "common/time/clock.h"
#include "services/invite/domain/errors.h"

namespace guestpass::invite {
namespace {

const rpc::Access& Users() {
  static const auto* const access = new rpc::Access{.users = true};
  return *access;
}

}  // namespace

grpc::ServerUnaryReactor* InviteService::CreateInvite(grpc::CallbackServerContext* context,
                                                      const v1::CreateInviteRequest* request,
                                                      v1::CreateInviteResponse* response) {
  return runner_.Unary(
      context, "CreateInvite", Users(), request, response,
      [this](const rpc::Call& call, const auto& asked) { return creation_.Create(call, asked); });
}

grpc::ServerUnaryReactor* InviteService::RedeemInvite(grpc::CallbackServerContext* context,
                                                      const v1::RedeemInviteRequest* request,
                                                      v1::RedeemInviteResponse* response) {
  return runner_.Unary(context, "RedeemInvite", Users(), request, response,
                       [this](const rpc::Call& call, const auto& asked) { return Redeem(call, asked); });
}

// The caller's rate comes before everything that an answer could tell (I21).
absl::StatusOr<v1::RedeemInviteResponse> InviteService::Redeem(const rpc::Call& call,
                                                               const v1::RedeemInviteRequest& request) {
  ASSIGN_OR_RETURN(const UserId user, call.RequireUser());
  const auto wait = redeem_rate_.Take(user.text(), SystemClock().Boot());
  if (wait.has_value()) return RedeemRateLimited(*wait);
  return redemption_.Redeem(call, request);
}

}  // namespace guestpass::invite
