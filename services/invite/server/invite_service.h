// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/rpc/rate.h"
#include "common/rpc/unary.h"
#include "guestpass/invite/v1/invite.grpc.pb.h"
#include "services/invite/server/creation.h"
#include "services/invite/server/redemption.h"

namespace guestpass::invite {

// guestpass.invite.v1.InviteService: users, or services that forward a user's token. Thread-safe.
class InviteService final : public v1::InviteService::CallbackService {
 public:
  // All outlive this; `redeem_rate` is by user.
  InviteService(rpc::Runner& runner, Creation& creation, Redemption& redemption, rpc::Rate& redeem_rate)
      : runner_(runner), creation_(creation), redemption_(redemption), redeem_rate_(redeem_rate) {}

  grpc::ServerUnaryReactor* CreateInvite(grpc::CallbackServerContext* context,
                                         const v1::CreateInviteRequest* request,
                                         v1::CreateInviteResponse* response) override;
  grpc::ServerUnaryReactor* RedeemInvite(grpc::CallbackServerContext* context,
                                         const v1::RedeemInviteRequest* request,
                                         v1::RedeemInviteResponse* response) override;

 private:
  absl::StatusOr<v1::RedeemInviteResponse> Redeem(const rpc::Call& call,
                                                  const v1::RedeemInviteRequest& request);

  rpc::Runner& runner_;
  Creation& creation_;
  Redemption& redemption_;
  rpc::Rate& redeem_rate_;
};

}  // namespace guestpass::invite
