// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/invite_service.h"

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
  return runner_.Unary(
      context, "RedeemInvite", Users(), request, response,
      [this](const rpc::Call& call, const auto& asked) { return redemption_.Redeem(call, asked); });
}

}  // namespace guestpass::invite
