// SPDX-License-Identifier: Apache-2.0
#include "services/guest_expiry/server/guest_expiry_service.h"

#include "absl/strings/str_cat.h"
#include "common/rights_feed/wire_types.h"
#include "common/rpc/proto_time.h"
#include "common/status/macros.h"

namespace guestpass::guest_expiry {
namespace {

namespace v1 = guestexpiry::v1;

v1::Expiration ToProto(const Expiration& expiration) {
  v1::Expiration proto;
  proto.set_name(absl::StrCat(expiration.guest.ToString(), "/expiration"));
  if (expiration.expire_time != absl::InfiniteFuture()) {
    *proto.mutable_expire_time() = rpc::ToProto(expiration.expire_time);
  }
  if (expiration.access_end_time != absl::InfiniteFuture()) {
    *proto.mutable_access_end_time() = rpc::ToProto(expiration.access_end_time);
  }
  proto.set_state(rights_feed::ToProto(std::optional(expiration.state)));
  if (expiration.record_time.has_value()) {
    *proto.mutable_record_time() = rpc::ToProto(*expiration.record_time);
  }
  return proto;
}

TimesChange ChangeIn(const v1::ExtendExpirationRequest& request) {
  switch (request.change_case()) {
    case v1::ExtendExpirationRequest::kExpireTime:
      return request.expire_time();
    case v1::ExtendExpirationRequest::kTtl:
      return request.ttl();
    case v1::ExtendExpirationRequest::kClear:
      return request.clear();
    case v1::ExtendExpirationRequest::CHANGE_NOT_SET:
      return std::monostate();
  }
  return std::monostate();
}

}  // namespace

absl::StatusOr<v1::Expiration> GuestExpiryService::Get(const rpc::Call& call,
                                                       const v1::GetExpirationRequest& request) {
  ASSIGN_OR_RETURN(const MemberName name, ParseExpirationName("name", request.name()));
  ASSIGN_OR_RETURN(const UserId user, call.RequireUser());
  ASSIGN_OR_RETURN(const TimesSnapshot snapshot, times_.Read(call, user, name));
  const Asker asker{.is_operator = call.caller.is_operator, .user = user, .authority = snapshot.caller};
  ASSIGN_OR_RETURN(const Expiration expiration, See(asker, snapshot.guest, snapshot.database_time));
  return ToProto(expiration);
}

absl::StatusOr<v1::Expiration> GuestExpiryService::Extend(const rpc::Call& call,
                                                          const v1::ExtendExpirationRequest& request) {
  ASSIGN_OR_RETURN(const MemberName name, ParseExpirationName("name", request.name()));
  ASSIGN_OR_RETURN(const Expiration expiration, times_.Set(call, name, ChangeIn(request)));
  return ToProto(expiration);
}

grpc::ServerUnaryReactor* GuestExpiryService::GetExpiration(grpc::CallbackServerContext* context,
                                                            const v1::GetExpirationRequest* request,
                                                            v1::Expiration* response) {
  return runner_.Unary(context, "GetExpiration", {.users = true}, request, response,
                       [this](const rpc::Call& call, const auto& asked) { return Get(call, asked); });
}

grpc::ServerUnaryReactor* GuestExpiryService::ExtendExpiration(grpc::CallbackServerContext* context,
                                                               const v1::ExtendExpirationRequest* request,
                                                               v1::Expiration* response) {
  return runner_.Unary(context, "ExtendExpiration", {.users = true}, request, response,
                       [this](const rpc::Call& call, const auto& asked) { return Extend(call, asked); });
}

}  // namespace guestpass::guest_expiry
