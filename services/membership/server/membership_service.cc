// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/membership_service.h"

#include "services/membership/server/rules.h"

namespace guestpass::membership {

#define GUESTPASS_METHOD(name, response, resource)                                                    \
  grpc::ServerUnaryReactor* MembershipService::name(                                                  \
      grpc::CallbackServerContext* context, const v1::name##Request* request, v1::response* answer) { \
    return runner_.Unary(                                                                             \
        context, #name, RuleOf(#name).access, request, answer,                                        \
        [this](const auto& call, const auto& message) { return resource.name(call, message); });      \
  }
GUESTPASS_MEMBERSHIP_METHODS(GUESTPASS_METHOD)
#undef GUESTPASS_METHOD

#define GUESTPASS_METHOD(name)                                                                              \
  grpc::ServerUnaryReactor* MembershipService::name(                                                        \
      grpc::CallbackServerContext* context, const v1::name##Request* request, v1::name##Response* answer) { \
    return runner_.UnaryLater(context, #name, RuleOf(#name).access, request, answer,                        \
                              [this](const auto& call, const auto& message, auto done) {                    \
                                access_checks_.name(call, message, std::move(done));                        \
                              });                                                                           \
  }
GUESTPASS_METHOD(CheckAccess)
GUESTPASS_METHOD(BatchCheckAccess)
#undef GUESTPASS_METHOD

}  // namespace guestpass::membership
