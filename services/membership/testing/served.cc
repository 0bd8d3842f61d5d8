// SPDX-License-Identifier: Apache-2.0
#include "services/membership/testing/served.h"

namespace guestpass::membership {

Served::Served()
    : server_(*rpc::Server::Start({.listen = "127.0.0.1:0", .drain = absl::Seconds(1)},
                                  {&service_, &here.rights}, {})),
      channel_(grpc::CreateChannel("127.0.0.1:" + std::to_string(server_->port()),
                                   grpc::InsecureChannelCredentials())),
      membership(v1::MembershipService::NewStub(channel_)),
      rights(rights::v1::RightsService::NewStub(channel_)) {}

Served::~Served() {
  server_->Drain([] {});
}

std::string Served::UserToken(const std::string& name, bool is_operator) const {
  return here.TokenOf(name, is_operator);
}

std::string Served::ServiceToken(const std::string& service, bool is_operator) const {
  const absl::Time now = SystemClock().Now();
  return here.issuer.Mint({.subject = service,
                           .service = service,
                           .is_operator = is_operator,
                           .issue_time = now,
                           .expire_time = now + absl::Hours(1)});
}

}  // namespace guestpass::membership
