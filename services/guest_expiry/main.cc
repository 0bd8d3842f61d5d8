// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>

#include "common/auth/service_token.h"
#include "common/auth/token_verifier.h"
#include "common/config/settings.h"
#include "common/nats/connection.h"
#include "common/rights_feed/signed_payload.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/status/macros.h"
#include "common/telemetry/log.h"
#include "services/guest_expiry/client/membership_rights.h"
#include "services/guest_expiry/server/guest_expiry_service.h"
#include "services/guest_expiry/worker/deadline_feed.h"
#include "services/guest_expiry/worker/expiry_clock.h"

namespace guestpass::guest_expiry {
namespace {

struct Config {
  std::string listen, membership, service_token_file, key_set_file, token_issuer, token_audience, rights_keys;
  nats::ConnectionOptions nats{.name = "guest-expiry"};
};

Config Read(config::Settings& settings) {
  Config config;
  config.listen = settings.Text("listen", "the host and port to serve gRPC on");
  config.membership = settings.Text("membership", "the host and port of membership's gRPC");
  config.service_token_file = settings.Text("service-token-file", "the file with this service's own token");
  config.key_set_file = settings.Text("key-set-file", "the JWKS file that tokens are verified with");
  config.token_issuer = settings.Text("token-issuer", "the `iss` of tokens");
  config.token_audience = settings.Text("token-audience", "the `aud` of tokens");
  config.rights_keys = settings.Secret("rights-keys", "the keys of the rights feed, id:secret[,id:secret]");
  config.nats.url = settings.Text("nats-url", "the NATS servers, nats://host:port[,nats://host:port]");
  config.nats.user = settings.TextOr("nats-user", "", "this service's user at NATS; empty for none");
  if (!config.nats.user.empty())
    config.nats.password = settings.Secret("nats-password", "that user's password");
  return config;
}

absl::Status Serve(const Config& config) {
  ASSIGN_OR_RETURN(const rights_feed::Keys feed_keys, rights_feed::ParseKeys(config.rights_keys));
  const rights_feed::Signer signer(feed_keys);
  ASSIGN_OR_RETURN(const auto keys, auth::KeySetSource::Open(config.key_set_file));
  ASSIGN_OR_RETURN(const auto token, auth::ServiceToken::Open(config.service_token_file));
  ASSIGN_OR_RETURN(const auto bus, nats::Connection::Connect(config.nats));
  auth::TokenVerifier verifier(*keys, config.token_issuer, config.token_audience);
  MembershipRights membership(rpc::Dial(config.membership), *token);
  rpc::Executor executor(/*threads=*/32, /*queue_limit=*/1024);
  rpc::Runner runner(executor, verifier, SystemClock());
  GuestExpiryService service(runner, membership);
  ASSIGN_OR_RETURN(const auto server,
                   rpc::Server::Start({.listen = config.listen}, {&service}, {service.service_full_name()}));
  ExpiryClock clock(membership, SystemClock());
  ASSIGN_OR_RETURN(const auto feed, FollowDeadlines(*bus, signer, clock));
  server->SetServing(true);
  rpc::WaitForTerminationSignal();
  server->Drain([] {});
  clock.Stop();
  return absl::OkStatus();
}

}  // namespace
}  // namespace guestpass::guest_expiry

int main(int argc, char** argv) {
  using namespace guestpass;
  rpc::BlockTerminationSignals();
  telemetry::SetLogService("guest-expiry");
  config::Settings settings({argv + 1, argv + argc}, config::ProcessEnvironment());
  const guest_expiry::Config config = guest_expiry::Read(settings);
  if (settings.HelpAsked()) return std::puts(settings.Help().c_str()) < 0;
  absl::Status status = settings.Finish();
  if (status.ok() && !settings.positional().empty()) {
    status = absl::InvalidArgumentError("Only flags, please: nothing is stored here, so nothing to migrate.");
  }
  if (status.ok()) status = guest_expiry::Serve(config);
  if (!status.ok()) std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
  return status.ok() ? 0 : 1;
}
