// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/rights_service.h"

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
GUESTPASS_METHOD(BatchGetRights)
GUESTPASS_METHOD(GetRightsHeads)
GUESTPASS_METHOD(ListRightsChanges)
GUESTPASS_METHOD(JoinMember)
GUESTPASS_METHOD(ResolveJoin)
GUESTPASS_METHOD(SetGuestExpiration)
GUESTPASS_METHOD(ApplyDueExpirations)
GUESTPASS_METHOD(NextDeadline)
GUESTPASS_METHOD(SetMemberEmail)

#undef GUESTPASS_METHOD

}  // namespace guestpass::membership
