// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/rpc/server.h"
#include "common/rpc/wire_status.h"
#include "grpcpp/grpcpp.h"
#include "services/membership/server/membership_service.h"
#include "services/membership/testing/installation.h"

namespace guestpass::membership {

// An Installation served over gRPC, for calls with tokens. Calls may be made from any thread.
class Served {
 public:
  Served();
  ~Served();

  // A token of that user, or of that service; NAME@example.com is the user's verified address.
  std::string UserToken(const std::string& name, bool is_operator = false) const;
  std::string ServiceToken(const std::string& service, bool is_operator = false) const;

  // Calls a method of a stub with a token, and with a forwarded user's where there is one:
  //   served.Call(*served.membership, &v1::MembershipService::Stub::GetMember, token, request)
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const std::string& token, const Request& request,
                                const std::string& forwarded = "") const {
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
    if (!forwarded.empty()) context.AddMetadata("guestpass-user-authorization", "Bearer " + forwarded);
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (!status.ok()) return rpc::FromGrpc(status);
    return response;
  }

  // As a user.
  template <typename Request, typename Response>
  absl::StatusOr<Response> As(const std::string& name,
                              grpc::Status (v1::MembershipService::Stub::*method)(grpc::ClientContext*,
                                                                                  const Request&, Response*),
                              const Request& request) const {
    return Call(*membership, method, UserToken(name), request);
  }

  Installation here;

 private:
  MembershipService service_{here.runner, here.store, here.upkeep, here.access_lanes, here.pages};
  const std::unique_ptr<rpc::Server> server_;
  const std::shared_ptr<grpc::Channel> channel_;

 public:
  const std::unique_ptr<v1::MembershipService::Stub> membership;
  const std::unique_ptr<rights::v1::RightsService::Stub> rights;
};

}  // namespace guestpass::membership
