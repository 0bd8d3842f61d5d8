// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/rights_service.h"

namespace guestpass::membership {
namespace {

const rpc::Access kInvite{.services = {"invite"}};
const rpc::Access kGuestExpiry{.services = {"guest-expiry"}};
const rpc::Access kFeedReaders{.services = {"messaging-gateway", "guest-expiry"}};
const rpc::Access kReaders{.services = {"messaging-gateway", "guest-expiry", "invite"}};

}  // namespace

#define GUESTPASS_METHOD(name, access)                                                                   \
  grpc::ServerUnaryReactor* RightsService::name(grpc::CallbackServerContext* context,                    \
                                                const rights::v1::name##Request* request,                \
                                                rights::v1::name##Response* response) {                  \
    return runner_.Unary(context, #name, access, request, response,                                      \
                         [this](const auto& call, const auto& message) { return name(call, message); }); \
  }

GUESTPASS_METHOD(CheckInvite, kInvite)
GUESTPASS_METHOD(JoinMember, kInvite)
GUESTPASS_METHOD(ResolveJoin, kInvite)
GUESTPASS_METHOD(SetGuestExpiration, kGuestExpiry)
GUESTPASS_METHOD(ApplyDueExpirations, kGuestExpiry)
GUESTPASS_METHOD(NextDeadline, kGuestExpiry)
GUESTPASS_METHOD(BatchGetRights, kReaders)
GUESTPASS_METHOD(GetRightsHeads, kFeedReaders)
GUESTPASS_METHOD(ListRightsChanges, kFeedReaders)

#undef GUESTPASS_METHOD

}  // namespace guestpass::membership
