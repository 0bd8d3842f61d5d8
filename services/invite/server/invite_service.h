// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/rpc/rate.h"
#include "common/rpc/unary.h"
#include "common/time/clock.h"
#include "guestpass/invite/v1/invite.grpc.pb.h"
#include "services/invite/server/batch.h"
#include "services/invite/server/creation.h"
#include "services/invite/server/erasure.h"
#include "services/invite/server/listing.h"
#include "services/invite/server/preview.h"
#include "services/invite/server/redemption.h"
#include "services/invite/server/resend.h"
#include "services/invite/server/revocation.h"
#include "services/invite/server/sweeps.h"

namespace guestpass::invite {

struct InviteServiceOptions {
  CreationOptions creation;
  int redeems_per_minute = 30;   // of one user, declining included
  int previews_per_minute = 60;  // of one user
};

// What the service's methods are made of. All outlive the service.
struct InviteServiceParts {
  InviteStore& store;
  InviteUpkeep& upkeep;
  Membership& membership;
  Courier& courier;
  Outbox& outbox;
  SettlementSink& sink;
};

// Every method: its name, its answer, and what has it. rules.h says who may call it.
#define GUESTPASS_INVITE_METHODS(METHOD)                                \
  METHOD(CreateInvite, CreateInviteResponse, creation_.Create)          \
  METHOD(BatchCreateInvites, BatchCreateInvitesResponse, batch_.Create) \
  METHOD(GetInvite, Invite, listing_.Get)                               \
  METHOD(ListInvites, ListInvitesResponse, listing_.List)               \
  METHOD(ResendInvite, ResendInviteResponse, resend_.ResendInvite)      \
  METHOD(RevokeInvite, RevokeInviteResponse, revocation_.Revoke)        \
  METHOD(PreviewInvite, PreviewInviteResponse, LookAtRate)              \
  METHOD(RedeemInvite, RedeemInviteResponse, RedeemAtRate)              \
  METHOD(DeclineInvite, DeclineInviteResponse, DeclineAtRate)           \
  METHOD(SweepInvites, SweepInvitesResponse, sweeps_.Sweep)             \
  METHOD(EraseInvitee, EraseInviteeResponse, erasure_.Erase)

// guestpass.invite.v1.InviteService: users, services that forward a user's token, operators. Thread-safe.
class InviteService final : public v1::InviteService::CallbackService {
 public:
  InviteService(rpc::Runner& runner, const InviteServiceParts& parts, auth::Sealer pages,
                const InviteServiceOptions& options);

#define GUESTPASS_METHOD(name, answer, method)                                                           \
  grpc::ServerUnaryReactor* name(grpc::CallbackServerContext* context, const v1::name##Request* request, \
                                 v1::answer* response) override;
  GUESTPASS_INVITE_METHODS(GUESTPASS_METHOD)
#undef GUESTPASS_METHOD

 private:
  // The caller's rate comes before everything that an answer could tell (I21).
  absl::StatusOr<v1::PreviewInviteResponse> LookAtRate(const rpc::Call& call,
                                                       const v1::PreviewInviteRequest& request);
  absl::StatusOr<v1::RedeemInviteResponse> RedeemAtRate(const rpc::Call& call,
                                                        const v1::RedeemInviteRequest& request);
  absl::StatusOr<v1::DeclineInviteResponse> DeclineAtRate(const rpc::Call& call,
                                                          const v1::DeclineInviteRequest& request);

  rpc::Runner& runner_;
  Creation creation_;
  Batch batch_;
  Listing listing_;
  Resend resend_;
  Revocation revocation_;
  Preview preview_;
  Redemption redemption_;
  Sweeps sweeps_;
  Erasure erasure_;
  rpc::Rate redeem_rate_, preview_rate_;
};

}  // namespace guestpass::invite
