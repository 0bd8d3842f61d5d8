// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "guestpass/guestexpiry/v1/guest_expiry.grpc.pb.h"
#include "guestpass/invite/v1/invite.grpc.pb.h"
#include "guestpass/membership/v1/membership.grpc.pb.h"
#include "guestpass/messaging/v1/messaging.grpc.pb.h"
#include "guestpass/rights/v1/rights_service.grpc.pb.h"
#include "tests/harness/stream_client.h"

namespace guestpass::harness {

// Where the services of one stack listen, as "127.0.0.1:4711".
struct Addresses {
  std::string membership;
  std::string invite;
  std::string guest_expiry;
  std::vector<std::string> gateways;
};

// An answer as tests look at it: an error of ours with its details (DetailsOf, HasReason), or what gRPC
// itself said, with gRPC's code.
absl::Status Answer(const grpc::Status& status);

// One caller of all services: a token, and stubs. Thread-safe.
class Client {
 public:
  // Calls messages' methods at the `gateway`th gateway. With token "" it sends no credential.
  Client(const Addresses& addresses, std::string token, size_t gateway = 0);

  // A unary call: client.Call(&MembershipService::Stub::CreateChannel, request). Errors: as Answer.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request, absl::Duration timeout = absl::Seconds(10)) const {
    grpc::ClientContext context;
    Prepare(context, timeout);
    Response response;
    const auto& stub = std::get<std::unique_ptr<Stub>>(stubs_);
    if (absl::Status status = Answer((stub.get()->*method)(&context, request, &response)); !status.ok()) {
      return status;
    }
    return response;
  }

  // Opens a stream in a workspace (`workspaces/{w}`) and waits for its Welcome. Errors: as
  // StreamClient::Open.
  absl::StatusOr<std::unique_ptr<StreamClient>> Connect(const std::string& workspace) const;

 private:
  void Prepare(grpc::ClientContext& context, absl::Duration timeout) const;

  const std::string token_;
  const std::string gateway_;
  std::tuple<std::unique_ptr<membership::v1::MembershipService::Stub>,
             std::unique_ptr<rights::v1::RightsService::Stub>,
             std::unique_ptr<invite::v1::InviteService::Stub>,
             std::unique_ptr<guestexpiry::v1::GuestExpiryService::Stub>,
             std::unique_ptr<messaging::v1::MessagingService::Stub>>
      stubs_;
};

}  // namespace guestpass::harness
