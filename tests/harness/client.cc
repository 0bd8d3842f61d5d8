// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/client.h"

#include "absl/time/clock.h"
#include "common/rpc/client.h"
#include "common/rpc/wire_status.h"
#include "google/rpc/status.pb.h"

namespace guestpass::harness {

absl::Status Answer(const grpc::Status& status) {
  google::rpc::Status wire;
  if (!status.error_details().empty() && wire.ParseFromString(status.error_details())) {
    return rpc::FromWire(wire);
  }
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

Client::Client(const Addresses& addresses, std::string token, size_t gateway)
    : token_(std::move(token)),
      gateway_(addresses.gateways.at(gateway)),
      stubs_(membership::v1::MembershipService::NewStub(rpc::Dial(addresses.membership)),
             rights::v1::RightsService::NewStub(rpc::Dial(addresses.membership)),
             invite::v1::InviteService::NewStub(rpc::Dial(addresses.invite)),
             guestexpiry::v1::GuestExpiryService::NewStub(rpc::Dial(addresses.guest_expiry)),
             messaging::v1::MessagingService::NewStub(rpc::Dial(gateway_))) {}

absl::StatusOr<std::unique_ptr<StreamClient>> Client::Connect(const std::string& workspace) const {
  return StreamClient::Open(gateway_, token_, workspace);
}

void Client::Prepare(grpc::ClientContext& context, absl::Duration timeout) const {
  if (!token_.empty()) context.AddMetadata("authorization", "Bearer " + token_);
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout));
}

}  // namespace guestpass::harness
