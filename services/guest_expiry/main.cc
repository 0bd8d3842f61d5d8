// SPDX-License-Identifier: Apache-2.0
#include "common/auth/service_token.h"
#include "common/nats/settings.h"
#include "common/rights_feed/signed_payload.h"
#include "common/rpc/client.h"
#include "common/rpc/host.h"
#include "common/status/macros.h"
#include "services/guest_expiry/client/membership_rights.h"
#include "services/guest_expiry/server/guest_expiry_service.h"
#include "services/guest_expiry/worker/deadline_feed.h"
#include "services/guest_expiry/worker/expiry_clock.h"

namespace guestpass::guest_expiry {
namespace {

constexpr char kProgram[] = "guest-expiry";

struct Config {
  rpc::HostOptions host;
  nats::ConnectionOptions nats;
  std::string membership, service_token_file, rights_keys;
};

Config Read(config::Settings& settings) {
  Config config{.host = rpc::ReadHostOptions(settings),
                .nats = nats::ReadConnectionOptions(settings, kProgram)};
  config.membership = settings.Text("membership", "membership's host and port");
  config.service_token_file = settings.Text("service-token-file", "the file with this service's own token");
  config.rights_keys = settings.Secret("rights-keys", "the keys of the bus, id:secret[,id:secret]");
  return config;
}

absl::Status Serve(const Config& config) {
  ASSIGN_OR_RETURN(const auto host, rpc::Host::Create(config.host));
  ASSIGN_OR_RETURN(const auto token, auth::ServiceToken::Open(config.service_token_file));
  ASSIGN_OR_RETURN(const rights_feed::Signer signer, rights_feed::ParseSigner(config.rights_keys));
  ASSIGN_OR_RETURN(const auto bus, nats::Connection::Connect(config.nats));
  MembershipRights membership(rpc::Dial(config.membership), *token);
  GuestExpiryService service(host->runner(), membership);
  ExpiryClock clock(membership, SystemClock());
  ASSIGN_OR_RETURN(const auto feed, FollowDeadlines(*bus, signer, clock));
  return host->Serve({&service}, {guestexpiry::v1::GuestExpiryService::service_full_name()}, nullptr,
                     [&] { clock.Stop(); });
}

}  // namespace
}  // namespace guestpass::guest_expiry

int main(int argc, char** argv) {
  using namespace guestpass::guest_expiry;
  return guestpass::rpc::Main<Config>(kProgram, argc, argv, Read, Serve);
}
