// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/rpc/unary.h"
#include "guestpass/invite/v1/invite.grpc.pb.h"
#include "services/invite/server/creation.h"
#include "services/invite/server/redemption.h"

namespace guestpass::invite {

// guestpass.invite.v1.InviteService: users, or services that forward a user's token. Thread-safe.
class InviteService final : public v1::InviteService::CallbackService {
 public:
  // All outlive this.
  InviteService(rpc::Runner& runner, Creation& creation, Redemption& redemption)
      : runner_(runner), creation_(creation), redemption_(redemption) {}

  grpc::ServerUnaryReactor* CreateInvite(grpc::CallbackServerContext* context,
                                         const v1::CreateInviteRequest* request,
                                         v1::CreateInviteResponse* response) override;
  grpc::ServerUnaryReactor* RedeemInvite(grpc::CallbackServerContext* context,
                                         const v1::RedeemInviteRequest* request,
                                         v1::RedeemInviteResponse* response) override;

 private:
  rpc::Runner& runner_;
  Creation& creation_;
  Redemption& redemption_;
};

}  // namespace guestpass::invite
