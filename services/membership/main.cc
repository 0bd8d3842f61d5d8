// SPDX-License-Identifier: Apache-2.0
#include "common/auth/seal.h"
#include "common/nats/settings.h"
#include "common/postgres/service_database.h"
#include "common/rights_feed/signed_payload.h"
#include "common/rpc/host.h"
#include "common/status/macros.h"
#include "services/membership/server/membership_service.h"
#include "services/membership/server/rights_service.h"
#include "services/membership/storage/postgres/membership_migrations.h"
#include "services/membership/storage/postgres/pg_access_reader.h"
#include "services/membership/storage/postgres/pg_membership_store.h"
#include "services/membership/storage/postgres/pg_upkeep.h"
#include "services/membership/worker/janitor.h"
#include "services/membership/worker/rights_publisher.h"

namespace guestpass::membership {
namespace {

constexpr char kProgram[] = "membership";
constexpr int kQuickReads = AccessLanes::kLanes + RightsService::kHeadsReads;  // wait behind no change

struct Config {
  rpc::HostOptions host;
  nats::ConnectionOptions nats;
  std::string database, rights_keys, page_keys;
  JanitorOptions janitor;
  int connections;
};

postgres::Migrations Migrations() { return postgres::Migrations(kProgram, MembershipMigrations()); }

Config Read(config::Settings& settings) {
  Config config{.host = rpc::ReadHostOptions(settings),
                .nats = nats::ReadConnectionOptions(settings, kProgram)};
  config.database = postgres::ReadConninfo(settings);
  config.rights_keys = settings.Secret("rights-keys", "the keys of the bus, id:secret[,id:secret]");
  config.page_keys = settings.Secret("page-keys", "the keys of page tokens, id:secret[,id:secret]");
  config.janitor.log_age = settings.DurationOr("log-age", absl::Hours(24), absl::Minutes(10),
                                               absl::Hours(8760), "how long the rights log is kept");
  config.connections = settings.IntOr("database-connections", 16, 1, 512, "connections at most");
  return config;
}

absl::Status Serve(const Config& config) {
  RETURN_IF_ERROR(postgres::CheckServable({.conninfo = config.database}, Migrations()));
  ASSIGN_OR_RETURN(const auto host, rpc::Host::Create(config.host));
  ASSIGN_OR_RETURN(const rights_feed::Signer signer, rights_feed::ParseSigner(config.rights_keys));
  ASSIGN_OR_RETURN(const auth::Sealer pages, auth::Sealer::Parse(config.page_keys));
  ASSIGN_OR_RETURN(const auto bus, nats::Connection::Connect(config.nats));
  postgres::Pool pool(
      {.conninfo = config.database, .size = config.connections, .application_name = kProgram});
  RightsPublisher publisher(*bus, signer);
  postgres::Pool quick_pool({.conninfo = config.database, .size = kQuickReads, .application_name = kProgram});
  PgMembershipStore store(pool, quick_pool, publisher);
  PgUpkeep upkeep(pool);
  PgAccessReader access_reader(quick_pool);
  AccessLanes lanes(access_reader);
  MembershipService membership(host->runner(), store, upkeep, lanes, pages);
  RightsService rights(host->runner(), store);
  Janitor janitor(upkeep, config.janitor);
  janitor.Start();
  const std::vector<std::string> names = {v1::MembershipService::service_full_name(),
                                          rights::v1::RightsService::service_full_name()};
  RETURN_IF_ERROR(host->Serve({&membership, &rights}, names));
  bus->Flush(absl::Seconds(1)).IgnoreError();
  return absl::OkStatus();
}

absl::Status Command(const Config& config, const std::vector<std::string>& words) {
  return postgres::RunCommand(words, config.database, Migrations());
}

}  // namespace
}  // namespace guestpass::membership

int main(int argc, char** argv) {
  using namespace guestpass::membership;
  return guestpass::rpc::Main<Config>(kProgram, argc, argv, Read, Serve, Command);
}
