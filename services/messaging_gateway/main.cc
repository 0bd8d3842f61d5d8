// SPDX-License-Identifier: Apache-2.0
#include "common/nats/settings.h"
#include "common/postgres/service_database.h"
#include "common/rpc/client.h"
#include "common/rpc/host.h"
#include "common/status/macros.h"
#include "common/telemetry/log.h"
#include "services/messaging_gateway/client/membership_rights.h"
#include "services/messaging_gateway/server/messaging_service.h"
#include "services/messaging_gateway/storage/postgres/messaging_migrations.h"
#include "services/messaging_gateway/storage/postgres/pg_message_store.h"
#include "services/messaging_gateway/storage/postgres/pg_message_writer.h"
#include "services/messaging_gateway/worker/fan_out.h"
#include "services/messaging_gateway/worker/ticker.h"
#include "services/messaging_gateway/worker/writer_lanes.h"

namespace guestpass::messaging {
namespace {

constexpr char kProgram[] = "messaging-gateway";
struct Config {
  rpc::HostOptions host;
  nats::ConnectionOptions nats;
  std::string database, membership, service_token_file, rights_keys;
  int lanes, guest_posts;
};

postgres::Migrations Migrations() { return postgres::Migrations(kProgram, MessagingMigrations()); }

Config Read(config::Settings& settings) {
  Config config{.host = rpc::ReadHostOptions(settings),
                .nats = nats::ReadConnectionOptions(settings, kProgram)};
  config.host.server.max_message_bytes = 64 << 10;
  config.database = postgres::ReadConninfo(settings);
  config.membership = settings.Text("membership", "membership's host and port");
  config.service_token_file = settings.Text("service-token-file", "the file with this service's own token");
  config.rights_keys = settings.Secret("rights-keys", "the keys of the bus, id:secret[,id:secret]");
  config.lanes = settings.IntOr("writer-lanes", 2, 1, 64, "transactions in flight, as on every gateway");
  config.guest_posts = settings.IntOr("guest-posts-per-minute", 10, 1, 1'000'000'000, "what a guest posts");
  return config;
}

absl::Status Serve(const Config& config) {
  const postgres::SessionOptions database{.conninfo = config.database, .application_name = kProgram};
  RETURN_IF_ERROR(postgres::CheckServable(database, Migrations()));
  ASSIGN_OR_RETURN(const auto host, rpc::Host::Create(config.host));
  ASSIGN_OR_RETURN(const auto token, auth::ServiceToken::Open(config.service_token_file));
  ASSIGN_OR_RETURN(const rights_feed::Signer signer, rights_feed::ParseSigner(config.rights_keys));
  ASSIGN_OR_RETURN(const auto bus, nats::Connection::Connect(config.nats));
  const Clock& clock = SystemClock();
  PgMessageStore store({.conninfo = config.database, .application_name = kProgram});
  MembershipRights source(rpc::Dial(config.membership), *token);
  FanOut* following = nullptr;
  Live live(store, clock, [&](uint32_t shard) { return following->Follow(shard); });
  FanOut fan_out(*bus, signer, [&](auto stored) { live.hubs.Offer(std::move(stored)); });
  following = &fan_out;
  rights_feed::Follower rights(live.feed, *bus, source, signer, clock);
  WriterLanes lanes(PgMessageWriter::Make(config.lanes, database, clock), clock,
                    [&](auto stored) { fan_out.Send(std::move(stored)); });
  rpc::Rate rate(config.guest_posts);
  MessagingService service({live, rights, store, lanes, host->executor(), host->runner(), clock, rate});
  RETURN_IF_ERROR(rights.Start());
  const Ticker tick(absl::Milliseconds(5), [&] { live.Tick(); });
  const Ticker repair(absl::Milliseconds(5), [&] { live.Repair(); });
  return host->Serve(
      {&service}, {v1::MessagingService::service_full_name()}, [&] { return rights.ready(); },
      [&] { live.sessions.GoodbyeAll(); });
}

absl::Status Command(const Config& config, const std::vector<std::string>& words) {
  return postgres::RunCommand(words, config.database, Migrations());
}

}  // namespace
}  // namespace guestpass::messaging

int main(int argc, char** argv) {
  using namespace guestpass::messaging;
  return guestpass::rpc::Main<Config>(kProgram, argc, argv, Read, Serve, Command);
}
