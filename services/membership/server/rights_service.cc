// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/rights_service.h"

#include "services/membership/server/overloaded.h"
#include "services/membership/server/rules.h"

namespace guestpass::membership {

#define GUESTPASS_METHOD(name)                                                                           \
  grpc::ServerUnaryReactor* RightsService::name(grpc::CallbackServerContext* context,                    \
                                                const rights::v1::name##Request* request,                \
                                                rights::v1::name##Response* response) {                  \
    return runner_.Unary(context, #name, RuleOf(#name).access, request, response,                        \
                         [this](const auto& call, const auto& message) { return name(call, message); }); \
  }

GUESTPASS_METHOD(CheckInvite)
GUESTPASS_METHOD(BatchCheckInvites)
GUESTPASS_METHOD(BatchGetRights)
GUESTPASS_METHOD(ListRightsChanges)
GUESTPASS_METHOD(JoinMember)
GUESTPASS_METHOD(BatchJoinMembers)
GUESTPASS_METHOD(ResolveJoin)
GUESTPASS_METHOD(SetGuestExpiration)
GUESTPASS_METHOD(ApplyDueExpirations)
GUESTPASS_METHOD(NextDeadline)
GUESTPASS_METHOD(SetMemberEmail)

#undef GUESTPASS_METHOD

grpc::ServerUnaryReactor* RightsService::GetRightsHeads(grpc::CallbackServerContext* context,
                                                        const rights::v1::GetRightsHeadsRequest* request,
                                                        rights::v1::GetRightsHeadsResponse* response) {
  return runner_.UnaryLater(context, "GetRightsHeads", RuleOf("GetRightsHeads").access, request, response,
                            [this](const rpc::Call& call, const auto& asked, auto done) {
                              const bool kept = heads_executor_.Submit(
                                  [this, &call, &asked, done] { done(GetRightsHeads(call, asked)); });
                              if (!kept) done(Overloaded("readers of heads"));
                            });
}

}  // namespace guestpass::membership
